// A serving unit: the GPUs that run one phase of a model together, and how.
#pragma once

#include <cstdint>
#include <string>

namespace moescope {

enum class Phase : std::uint8_t { Prefill, Decode };
const char* to_string(Phase phase);  ///< "prefill", "decode"

/// What moves tokens between GPUs.
enum class CommLibrary : std::uint8_t { DeepepNormal, DeepepLowLatency, DeepepV2, Trtllm, Nccl };
const char* to_string(CommLibrary library);  ///< "deepep_normal", ...
/// Throws Error that names the known ones.
CommLibrary comm_library_from_name(const std::string& name);

struct ServingUnit {
  std::string name, title, source;
  std::string model;  ///< the only model that it serves; empty: any
  Phase phase = Phase::Prefill;
  int gpus = 1, nodes = 1;
  int slot_count = 0;         ///< physical experts of a layer; a routed shared expert included
  int attention_tp = 1;       ///< GPUs that share the heads of one token, with sequence parallelism
  double tokens_per_gpu = 1;  ///< of one micro-batch
  double context = 1;         ///< prefill: tokens of a prompt; decode: tokens in the cache
  int micro_batches = 2;      ///< 1: nothing overlaps
  int comm_sms = 0;           ///< SMs that communication takes from compute while both run
  int moe_sms = 0;  ///< decode: SMs for the experts, which then run beside the attention of
                    ///< the other micro-batch; 0: attention and experts take turns
  CommLibrary library = CommLibrary::DeepepNormal;
  bool shared_routed = false;  ///< the shared expert is in the plan as the last expert
  int shared_gpus = 0;         ///< the last GPUs, that alone may host a routed shared expert

  double tokens() const { return tokens_per_gpu * gpus; }
  int gpus_per_node() const { return gpus / nodes; }
  bool experts_beside_attention() const {
    return phase == Phase::Decode && moe_sms > 0 && micro_batches > 1;
  }
};

/// A compiled-in description ("prefill32") or a file in the same form, see docs/simulate.md. Throws
/// Error.
ServingUnit load_unit(const std::string& name_or_path);

}  // namespace moescope
