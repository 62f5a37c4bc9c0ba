#include "core/simulate/model/unit.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/placement/plan.h"
#include "core/simulate/model/description.h"

namespace moescope {

const char* to_string(Phase phase) {
  return phase == Phase::Prefill ? "prefill" : "decode";
}

const char* to_string(CommLibrary library) {
  constexpr std::array<const char*, 5> names = {"deepep_normal", "deepep_low_latency", "deepep_v2",
                                                "trtllm", "nccl"};
  return names.at(static_cast<std::size_t>(library));
}

CommLibrary comm_library_from_name(const std::string& name) {
  std::string known;
  for (const auto library : {CommLibrary::DeepepNormal, CommLibrary::DeepepLowLatency,
                             CommLibrary::DeepepV2, CommLibrary::Trtllm, CommLibrary::Nccl}) {
    if (name == to_string(library)) return library;
    known += (known.empty() ? "" : ", ") + std::string(to_string(library));
  }
  throw Error(name, "library", "is no communication library that was measured",
              "Known are " + known, "--library");
}

ServingUnit load_unit(const std::string& name_or_path) {
  auto file = Description::open("units", name_or_path);
  ServingUnit u;
  u.name = file.text("name");
  u.title = file.text("title", u.name);
  u.source = file.text("source", "");
  u.model = file.text("model", "");
  const auto phase = file.text("phase");
  if (phase != "prefill" && phase != "decode")
    file.fail("phase", "is neither \"prefill\" nor \"decode\"");
  u.phase = phase == "prefill" ? Phase::Prefill : Phase::Decode;
  u.gpus = file.integer("gpus", 1, kMaxPlanGpus);
  u.nodes = file.integer("nodes", 1, u.gpus);
  if (u.gpus % u.nodes != 0) file.fail("nodes", "does not divide the GPUs");
  u.slot_count = file.integer("slots", 1, kMaxPlanSlots);
  if (u.slot_count % u.gpus != 0) file.fail("slots", "is not a multiple of the GPUs");
  u.attention_tp = file.integer("attention_tp", 1, u.gpus, 1);
  if (u.gpus_per_node() % u.attention_tp != 0)
    file.fail("attention_tp", "does not divide the GPUs of a node");
  u.tokens_per_gpu = file.number("tokens_per_gpu", 1e-3, 1e7);
  u.context = file.number("context", 1, 1e8);
  u.micro_batches = file.integer("micro_batches", 1, 2, 2);
  u.comm_sms = file.integer("comm_sms", 0, 65535, 0);
  u.moe_sms = file.integer("moe_sms", 0, 65535, 0);
  // What each phase of DeepEP's users runs.
  const auto usual =
      u.phase == Phase::Decode ? CommLibrary::DeepepLowLatency : CommLibrary::DeepepNormal;
  const auto library = file.text("library", to_string(usual));
  try {
    u.library = comm_library_from_name(library);
  } catch (const Error& e) {
    file.fail("library", fmt::format("\"{}\" {}", library, e.problem()));
  }
  const auto shared = file.text("shared_expert", "local");
  if (shared != "local" && shared != "routed")
    file.fail("shared_expert", "is neither \"local\" nor \"routed\"");
  u.shared_routed = shared == "routed";
  if (u.shared_routed) u.shared_gpus = file.integer("shared_gpus", 1, u.gpus, u.gpus);
  file.finish();
  return u;
}

}  // namespace moescope
