// An MoE layer's backend on one GPU that all ranks of a unit share.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gpu/engine/moe_layer.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime::cuda {

/// SMs of one rank. All ranks together have at most those of the GPU.
struct SmBudget {
  int sms = 0;            ///< 0: an equal part of the GPU
  int communication = 0;  ///< of these; 0: a quarter
};

/// What is granted of `asked` to each of `ranks` on a GPU with `sms`. Throws Error when there are
/// not enough.
SmBudget grant(const SmBudget& asked, int ranks, int sms);

struct CudaOptions {
  SmBudget budget;
  RankLogs* logs = nullptr;  ///< one for each rank; nullptr: nothing is recorded
};

class CudaBackend : public MoeBackend {
 public:
  virtual std::string gpu_name() const = 0;
  virtual int sms() const = 0;
  virtual SmBudget budget() const = 0;
  /// For recordings: clock, budget, versions.
  virtual std::map<std::string, std::string> facts() const = 0;
  /// Records that did not fit.
  virtual std::uint64_t dropped() const = 0;
};

/// On the first usable GPU. Throws Error when there is none, saying why.
std::unique_ptr<CudaBackend> cuda_backend(const ModelConfig& config, const Group& group,
                                          const CudaOptions& options);

}  // namespace moescope::runtime::cuda
