// Coordination of the processes that host a unit: the first one decides, the others follow.
#pragma once

#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "gpu/comm/memory/address_space.h"
#include "gpu/comm/memory/numbered.h"
#include "gpu/comm/memory/pipe.h"
#include "gpu/engine/placement/slot_table.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/engine/unit/message.h"

namespace moescope::runtime {

class UnitLink {
 public:
  /// Every process of `space` makes one at the same place. Waits end with Aborted after an abort; a
  /// lost or duplicated message is an Error (see Numbered).
  explicit UnitLink(AddressSpace& space);
  bool leads() const { return processes_.first(); }

  /// The first process: sends a command to every other one, from any thread, and takes the answer
  /// of each to a step.
  void send(std::span<const std::byte> command);
  std::vector<std::byte> answer_of(int process);
  /// The others.
  std::vector<std::byte> command();
  void answer(std::span<const std::byte> message);

  int processes() const { return processes_.size(); }

 private:
  void send(bool command, int process, std::span<const std::byte> message);
  std::vector<std::byte> receive(bool command, int process);

  Processes& processes_;
  RemoteMemory* remote_;
  RemoteMemory::Check check_;
  std::mutex sending_;          ///< a plan change stages its table while steps run
  std::vector<Pipe> pipes_[2];  ///< answers, commands; [process - 1], in shared memory
  int mailboxes_[2] = {};       ///< likewise, where none is shared
  /// Answers, commands; by the process at the other end. A direction is used by one side only.
  std::vector<Numbered> numbers_[2];
};

/// Commands of the first process to the others.
enum class UnitCommand : std::uint8_t {
  Step,
  Overlap,
  Order,
  Budget,
  Links,
  Cores,
  Trial,
  Stage,
  Flip,
  Stop
};

/// The inputs of a step and the sequences that they point to.
struct SentInputs {
  std::deque<KvSequence> sequences;
  std::deque<std::vector<std::uint16_t>> routes;
  std::vector<RankInput> inputs;  ///< of every attention group
};
/// `route_size`: experts that a row with a route names.
void write_inputs(MessageWriter& to, std::span<const RankInput> inputs, std::size_t route_size);
SentInputs read_inputs(MessageReader& from, std::size_t route_size);

void write_table(MessageWriter& to, const SlotTable& table);
SlotTable read_table(MessageReader& from);

void write_output(MessageWriter& to, const RankOutput& output);
RankOutput read_output(MessageReader& from);
void write_loads(MessageWriter& to, const StepLoads& loads);
StepLoads read_step_loads(MessageReader& from);

}  // namespace moescope::runtime
