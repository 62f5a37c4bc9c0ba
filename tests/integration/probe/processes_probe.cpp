// Runs fixed batches through units whose ranks lie in as many processes as mpirun started, and
// prints what came out: digests of all logits and loads, and every traffic counter.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "gpu/comm/memory/processes.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

constexpr int kMembers = 8, kRequests = 21;

class Hash {  // FNV-1a
 public:
  template <typename T>
  void add(const std::vector<T>& values) {
    for (const std::byte b : std::as_bytes(std::span(values)))
      state_ = (state_ ^ static_cast<std::uint64_t>(b)) * 0x100000001B3U;
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

struct Case {
  UnitKind kind;
  CombineMode combine;
  int tp;
};

/// Prompts in a first step and one more token of each in a second.
std::vector<RankInput> inputs_of(Unit& unit, std::vector<KvSequence>& sequences, bool prefill) {
  const auto groups = static_cast<std::size_t>(unit.groups());
  std::vector<RankInput> inputs(groups);
  for (std::size_t r = 0; r < sequences.size(); ++r) {
    const std::size_t group = r % groups;
    const int length = 2 + static_cast<int>(r) % 6;
    if (!unit.pages(static_cast<int>(group)).reserve(sequences[r], length + 1))
      throw std::runtime_error("too few pages");
    MicroBatch& batch = inputs[group].micro_batches[r / groups % 2];
    for (int t = prefill ? 0 : length; t < (prefill ? length : length + 1); ++t)
      batch.add((static_cast<int>(r) * 31 + t * 7 + 5) % 96, &sequences[r], t, r);
    batch.sampled.push_back(batch.size() - 1);
  }
  return inputs;
}

nlohmann::ordered_json run_case(const Case& c, Processes* processes) {
  const Group group{0, kMembers, 2};
  std::vector<int> hosts;
  for (int member = 0; member < kMembers; ++member)
    hosts.push_back(host_of(member, kMembers, processes == nullptr ? 1 : processes->size()));
  AddressSpace space(group.node_table(), processes, hosts);
  const auto model = test::small_model(3);
  UnitOptions options;
  options.kind = c.kind;
  options.combine = c.combine;
  options.tp = c.tp;
  options.max_tokens = 128;
  const auto made = cpu_backend().make_unit(
      {model, space, group, options,
       Placement::contiguous(model->config.moe_layers(), model->config.experts, kMembers)});
  Unit& unit = *made;
  if (processes != nullptr && !processes->first()) {
    unit.follow();
    return {};
  }
  Hash logits, loads;
  std::vector<KvSequence> sequences(kRequests);
  for (const bool prefill : {true, false}) {
    unit.set_overlap(prefill);
    for (const RankOutput& output : unit.step(inputs_of(unit, sequences, prefill)))
      for (const auto& of_batch : output.logits) logits.add(of_batch);
    for (const auto& layer : unit.loads().logical) loads.add(layer);
    for (const auto& layer : unit.loads().physical) loads.add(layer);
  }
  const Traffic traffic = space.total_traffic();
  nlohmann::ordered_json bytes;
  for (int purpose = 0; purpose < kPurposes; ++purpose)
    for (int link = 0; link < kLinks; ++link)
      bytes[to_string(static_cast<Purpose>(purpose))][to_string(static_cast<Link>(link))] =
          traffic.of(static_cast<Purpose>(purpose), static_cast<Link>(link));
  return {{"unit", to_string(c.kind)},
          {"combine", c.combine == CombineMode::Ordered ? "ordered" : "hierarchical"},
          {"tp", c.tp},
          {"logits", logits.text()},
          {"loads", loads.text()},
          {"bytes", bytes}};
}

void run(Processes* processes) {
  auto cases = nlohmann::ordered_json::array();
  for (const auto kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const auto combine : {CombineMode::Ordered, CombineMode::Hierarchical})
      for (const int tp : {1, 4}) cases.push_back(run_case({kind, combine, tp}, processes));
  if (processes == nullptr || processes->first()) fmt::print("{}\n", cases.dump(1));
  std::fflush(stdout);
}

}  // namespace
}  // namespace moescope::runtime

int main() {
  std::unique_ptr<moescope::runtime::Processes> processes;
  int exit_code = 0;
  try {
    processes = moescope::runtime::join_processes();
    moescope::runtime::run(processes.get());
  } catch (const std::exception& error) {
    fmt::print(stderr, "probe: {}\n", error.what());
    exit_code = 1;
  }
  if (processes) processes->leave(exit_code);
  return exit_code;
}
