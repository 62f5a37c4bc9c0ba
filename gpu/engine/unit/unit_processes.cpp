// The part of a unit that keeps several processes together.
#include "core/error.h"
#include "gpu/engine/unit/unit_state.h"

namespace moescope::runtime {

void Unit::State::tell(UnitCommand command, const MessageWriter& rest) {
  MessageWriter message;
  message.put(command);
  message.append(rest);
  link->tell(message.take());
}

/// Outputs and loads of all ranks.
std::vector<RankOutput> Unit::State::collect(std::size_t groups) {
  std::vector<RankOutput> members(static_cast<std::size_t>(shared.group.size));
  for (const auto& rank : ranks)
    members[static_cast<std::size_t>(rank->member())] = rank->take_output();
  for (int process = 1; link && process < link->processes(); ++process) {
    const auto message = link->answer_of(process);
    MessageReader answer(message);
    add_loads(read_loads(answer));
    for (int count = answer.get<int>(); count > 0; --count) {
      const int member = answer.get<int>();
      members.at(static_cast<std::size_t>(member)) = read_output(answer);
    }
  }
  std::vector<RankOutput> outputs(groups);
  for (std::size_t member = 0; member < members.size(); ++member)
    outputs[static_cast<std::size_t>(shared.groups.of(static_cast<int>(member)))].append(
        std::move(members[member]));
  return outputs;
}

void Unit::State::answer() {
  MessageWriter message;
  write_loads(message, loads);
  message.put(static_cast<int>(ranks.size()));
  for (const auto& rank : ranks) {
    message.put(rank->member());
    write_output(message, rank->take_output());
  }
  link->answer(message.take());
}

void Unit::follow() {
  State& s = *state_;
  try {
    for (;;) {
      const auto message = s.link->command();
      MessageReader rest(message);
      switch (rest.get<UnitCommand>()) {
        case UnitCommand::Step: {
          rest.get(s.shared.probing);
          const SentInputs sent = read_inputs(rest, s.route_size());
          s.run_here(sent.inputs);
          s.answer();
          break;
        }
        case UnitCommand::Overlap:
          s.apply_overlap(rest.get<bool>());
          break;
        case UnitCommand::Order:
          s.apply_order(rest.get<DecodeOrder>());
          break;
        case UnitCommand::Budget:
          s.apply_budget(rest.get<WorkerBudget>());
          break;
        case UnitCommand::Links:
          s.shared.links->set_rates(rest.get<LinkRates>());
          break;
        case UnitCommand::Cores:
          s.apply_rank_cores(rest.get<double>());
          break;
        case UnitCommand::Trial:
          s.apply_trial(rest.get<bool>());
          break;
        case UnitCommand::Stage:
          s.apply_table(read_table(rest));
          break;
        case UnitCommand::Flip:
          s.apply_epoch(rest.get<std::uint64_t>());
          break;
        case UnitCommand::Stop:
          return;
      }
    }
  } catch (const Aborted&) {
    throw Error("run", "", s.shared.space->abort_reason());
  }
}

}  // namespace moescope::runtime
