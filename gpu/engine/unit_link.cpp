#include "gpu/engine/unit_link.h"

#include <map>

namespace moescope::runtime {
namespace {

using SequenceIds = std::map<const KvSequence*, std::int32_t>;

void write_batch(MessageWriter& to, const MicroBatch& batch, const SequenceIds& ids) {
  to.put(batch.tokens);
  to.put(batch.requests);
  to.put(batch.sampled);
  for (const TokenRow& row : batch.rows) {
    to.put(ids.at(row.sequence));
    to.put(static_cast<std::int32_t>(row.position));
  }
}

void read_batch(MessageReader& from, MicroBatch& batch, const std::deque<KvSequence>& sequences) {
  from.get(batch.tokens);
  from.get(batch.requests);
  from.get(batch.sampled);
  for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
    const auto id = from.get<std::int32_t>();
    batch.rows.push_back({&sequences.at(static_cast<std::size_t>(id)), from.get<std::int32_t>()});
  }
}

}  // namespace

UnitLink::UnitLink(AddressSpace& space) : processes_(*space.processes()) {
  const auto others = static_cast<std::size_t>(processes_.size() - 1);
  const auto parts = processes_.allocate(leads() ? 2 * others * Pipe::bytes() : 0);
  for (std::size_t i = 0; i < 2 * others; ++i)
    (i < others ? commands_ : answers_)
        .emplace_back(parts.front().subspan(i * Pipe::bytes(), Pipe::bytes()),
                      [&space] { space.check_processes(); });
}

void UnitLink::tell(std::span<const std::byte> command) {
  for (Pipe& pipe : commands_) pipe.send(command);
}

std::vector<std::byte> UnitLink::answer_of(int process) {
  return answers_.at(static_cast<std::size_t>(process - 1)).receive();
}

std::vector<std::byte> UnitLink::command() {
  return commands_.at(static_cast<std::size_t>(processes_.index() - 1)).receive();
}

void UnitLink::answer(std::span<const std::byte> message) {
  answers_.at(static_cast<std::size_t>(processes_.index() - 1)).send(message);
}

void write_inputs(MessageWriter& to, std::span<const RankInput> inputs) {
  SequenceIds ids;
  std::vector<const KvSequence*> sequences;
  for (const RankInput& input : inputs)
    for (const MicroBatch& batch : input.micro_batches)
      for (const TokenRow& row : batch.rows)
        if (ids.try_emplace(row.sequence, static_cast<std::int32_t>(sequences.size())).second)
          sequences.push_back(row.sequence);
  to.put(static_cast<std::uint64_t>(sequences.size()));
  for (const KvSequence* sequence : sequences) {
    to.put(sequence->pages);
    to.put(sequence->length);
  }
  to.put(static_cast<std::uint64_t>(inputs.size()));
  for (const RankInput& input : inputs)
    for (const MicroBatch& batch : input.micro_batches) write_batch(to, batch, ids);
}

SentInputs read_inputs(MessageReader& from) {
  SentInputs sent;
  sent.sequences.resize(from.get<std::uint64_t>());
  for (KvSequence& sequence : sent.sequences) {
    from.get(sequence.pages);
    from.get(sequence.length);
  }
  sent.inputs.resize(from.get<std::uint64_t>());
  for (RankInput& input : sent.inputs)
    for (MicroBatch& batch : input.micro_batches) read_batch(from, batch, sent.sequences);
  return sent;
}

void write_output(MessageWriter& to, const RankOutput& output) {
  for (const auto& logits : output.logits) to.put(logits);
}

RankOutput read_output(MessageReader& from) {
  RankOutput output;
  for (auto& logits : output.logits) from.get(logits);
  return output;
}

void write_loads(MessageWriter& to, const StepLoads& loads) {
  to.put(loads.logical);
  to.put(loads.physical);
}

StepLoads read_loads(MessageReader& from) {
  StepLoads loads;
  from.get(loads.logical);
  from.get(loads.physical);
  return loads;
}

}  // namespace moescope::runtime
