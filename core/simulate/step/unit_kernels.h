// Fitted kernels that the steps of a unit run, where its hardware has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"
#include "core/simulate/step/costs.h"

namespace moescope {

/// Times of the stages of a unit by fitted kernels. Latent attention and FP8 or BF16 weights were
/// measured; for other models, and on hardware without kernels, of() gives none and the rooflines
/// of costs.h stand in.
class UnitKernels {
 public:
  /// @param sms left to the stages of the main stream, and to experts beside attention
  static std::optional<UnitKernels> of(const Hardware& hardware, const ModelShape& model,
                                       const ServingUnit& unit, const SmShares& sms);

  /// Stages that are alike on all GPUs; attention_comm is left to the caller.
  CommonTimes common() const;
  /// [gpu] from the tokens of the slots of a layer, GPU after GPU. A GPU without tokens takes none.
  std::vector<ExpertTime> experts(const std::vector<double>& tokens,
                                  std::size_t slots_per_gpu) const;
  /// Dispatch or combine, s. The fullest GPU decides: tokens are scaled by how much more it sends
  /// or receives than the mean.
  double transfer(const Traffic& traffic, bool combine) const;

  /// Relative error of the stages: nine of ten rows that were left out of the fits, or the scatter
  /// of published units, whichever is larger.
  struct Errors {
    double attention = 0, experts = 0, transfer = 0;
  };
  Errors errors() const;
  /// What stands in for what was not measured.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  UnitKernels(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit);
  void choose_compute(const SmShares& sms);
  void choose_transfer();
  KernelCost take(const KernelId& id);
  double gemm(const KernelCost& kernel, double m, double n, double k, double operand_bytes) const;
  double mlp(double width) const;

  Hardware hardware_;
  ModelShape model_;
  ServingUnit unit_;
  double stretch_ = 1;     ///< of every stage over its kernels alone
  DataSheet main_, side_;  ///< with the SMs of each stream
  KernelCost attention_, experts_, product_, bf16_product_, dispatch_, combine_;
  std::vector<std::string> notes_;
};

}  // namespace moescope
