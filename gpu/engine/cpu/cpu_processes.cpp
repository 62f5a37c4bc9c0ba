// Coordination of the processes that host a unit.
#include "core/error.h"
#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

void CpuUnit::send(UnitCommand command, std::span<const std::byte> rest) {
  MessageWriter message;
  message.put(command);
  message.append(rest);
  link_->send(message.take());
}

/// Outputs and loads of all ranks.
std::vector<RankOutput> CpuUnit::collect(std::size_t groups) {
  std::vector<RankOutput> members(static_cast<std::size_t>(shared_.group.size));
  for (const auto& rank : ranks_)
    members[static_cast<std::size_t>(rank->member())] = rank->take_output();
  for (int process = 1; link_ && process < link_->processes(); ++process) {
    const auto message = link_->answer_of(process);
    MessageReader answer(message);
    add_loads(read_step_loads(answer));
    for (int count = answer.get<int>(); count > 0; --count) {
      const int member = answer.get<int>();
      members.at(static_cast<std::size_t>(member)) = read_output(answer);
    }
  }
  std::vector<RankOutput> outputs(groups);
  for (std::size_t member = 0; member < members.size(); ++member)
    outputs[static_cast<std::size_t>(shared_.groups.of(static_cast<int>(member)))].append(
        std::move(members[member]));
  return outputs;
}

void CpuUnit::answer() {
  MessageWriter message;
  write_loads(message, loads_);
  message.put(static_cast<int>(ranks_.size()));
  for (const auto& rank : ranks_) {
    message.put(rank->member());
    write_output(message, rank->take_output());
  }
  link_->answer(message.take());
}

void CpuUnit::follow() {
  try {
    for (;;) {
      const auto message = link_->command();
      MessageReader rest(message);
      switch (rest.get<UnitCommand>()) {
        case UnitCommand::Step: {
          rest.get(shared_.probing);
          const SentInputs sent = read_inputs(rest, route_size());
          run_here(sent.inputs);
          answer();
          break;
        }
        case UnitCommand::Overlap:
          apply_overlap(rest.get<bool>());
          break;
        case UnitCommand::Order:
          apply_order(rest.get<DecodeOrder>());
          break;
        case UnitCommand::Budget:
          apply_budget(rest.get<WorkerBudget>());
          break;
        case UnitCommand::Links:
          shared_.links->set_rates(rest.get<LinkRates>());
          break;
        case UnitCommand::Cores:
          apply_rank_cores(rest.get<double>());
          break;
        case UnitCommand::Trial:
          apply_trial(rest.get<bool>());
          break;
        case UnitCommand::Stage:
          apply_table(read_table(rest));
          break;
        case UnitCommand::Flip:
          apply_epoch(rest.get<std::uint64_t>());
          break;
        case UnitCommand::Stop:
          return;
      }
    }
  } catch (const Aborted&) {
    throw Error("run", "", shared_.space->abort_reason());
  }
}

}  // namespace moescope::runtime
