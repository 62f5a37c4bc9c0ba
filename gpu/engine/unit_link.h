// How the processes that host a unit together agree: the first one decides, the others follow.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "gpu/comm/address_space.h"
#include "gpu/comm/pipe.h"
#include "gpu/engine/batch.h"
#include "gpu/engine/message.h"

namespace moescope::runtime {

class UnitLink {
 public:
  /// Every process of `space` makes one at the same place. Waits end with Aborted after an abort.
  explicit UnitLink(AddressSpace& space);
  bool leads() const { return processes_.first(); }

  /// The first process: sends a command to every other one, and takes the answer of each.
  void tell(std::span<const std::byte> command);
  std::vector<std::byte> answer_of(int process);
  /// The others.
  std::vector<std::byte> command();
  void answer(std::span<const std::byte> message);

  int processes() const { return processes_.size(); }

 private:
  Processes& processes_;
  std::vector<Pipe> commands_, answers_;  ///< [process - 1]
};

enum class UnitCommand : std::uint8_t { Step, Overlap, Budget, Stop };

/// The inputs of a step and the sequences that they point to.
struct SentInputs {
  std::deque<KvSequence> sequences;
  std::vector<RankInput> inputs;  ///< of every attention group
};
void write_inputs(MessageWriter& to, std::span<const RankInput> inputs);
SentInputs read_inputs(MessageReader& from);

void write_output(MessageWriter& to, const RankOutput& output);
RankOutput read_output(MessageReader& from);
void write_loads(MessageWriter& to, const StepLoads& loads);
StepLoads read_loads(MessageReader& from);

}  // namespace moescope::runtime
