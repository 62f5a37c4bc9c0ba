// Fitted kernels of one kind of hardware: formula, constants, where they come from and how far they
// were off on measurements that were left out of the fit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/simulate/cost/formula.h"
#include "core/simulate/cost/routing/skewed_routing.h"

namespace moescope {

/// |predicted / measured - 1| over rows that the constants were not fitted to.
struct CostError {
  int rows = 0;  ///< 0: none could be left out, the figures are twice those of the fit itself
  double median = 0, p90 = 0, p95 = 0;
};

/// Which kernel: the measured table, its name there, and the version of the engine.
struct KernelId {
  std::string table;         ///< "experts", "alltoall", "attention", "gemm", "collectives"
  std::string name;          ///< "sglang decode", "deepep_normal dispatch"
  std::string version;       ///< of the engine; empty where versions are alike
  std::string text() const;  ///< "experts: sglang decode 0.5.10"
  auto operator<=>(const KernelId&) const = default;
};

struct KernelCost {
  KernelId id;
  const Formula* formula = nullptr;
  std::vector<double> constants;         ///< in the order of the formula's
  Leftover leftover = Leftover::Random;  ///< experts: how the skew of its rows was drawn
  std::string source;
  CostError error;

  double microseconds(const Work& work, const DataSheet& sheet) const {
    return formula->microseconds(constants, work, sheet);
  }
};

struct KernelCosts {
  std::vector<KernelCost> kernels;
  std::string derived_from;  ///< hardware whose constants these are, scaled; empty: fitted

  /// nullptr when there is none.
  const KernelCost* find(const KernelId& id) const;
  /// The newest version of a kernel that is there; nullptr when there is none.
  const KernelCost* newest(std::string_view table, std::string_view name) const;
};

/// What a card has of another one: ratios of what data sheets say.
struct SheetRatios {
  double memory = 1, compute = 1, link = 1, network = 1;
};
/// Constants for a card that was not measured: those that follow a figure of the data sheet are
/// scaled by its ratio, the others stay.
KernelCost derived(const KernelCost& kernel, const SheetRatios& ratios);

}  // namespace moescope
