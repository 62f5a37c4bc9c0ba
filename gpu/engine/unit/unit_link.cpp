#include "gpu/engine/unit/unit_link.h"

#include <map>

namespace moescope::runtime {
namespace {

using SequenceIds = std::map<const KvSequence*, std::int32_t>;

void write_batch(MessageWriter& to, const MicroBatch& batch, const SequenceIds& ids,
                 std::size_t route_size) {
  to.put(batch.tokens);
  to.put(batch.requests);
  to.put(batch.sampled);
  for (const TokenRow& row : batch.rows) {
    to.put(ids.at(row.sequence));
    to.put(static_cast<std::int32_t>(row.position));
  }
  to.put(batch.replicas);
  to.put(static_cast<std::uint64_t>(batch.routes.size()));
  for (const std::uint16_t* route : batch.routes)
    to.put(std::vector<std::uint16_t>(route, route + route_size));
}

void read_batch(MessageReader& from, MicroBatch& batch, SentInputs& sent, std::size_t route_size) {
  from.get(batch.tokens);
  from.get(batch.requests);
  from.get(batch.sampled);
  for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
    const auto id = from.get<std::int32_t>();
    batch.rows.push_back(
        {&sent.sequences.at(static_cast<std::size_t>(id)), from.get<std::int32_t>()});
  }
  from.get(batch.replicas);
  for (auto count = from.get<std::uint64_t>(); count > 0; --count) {
    auto& route = sent.routes.emplace_back();
    from.get(route);
    if (route.size() != route_size) throw std::out_of_range("a route of another model");
    batch.routes.push_back(route.data());
  }
}

}  // namespace

UnitLink::UnitLink(AddressSpace& space)
    : processes_(*space.processes()),
      remote_(processes_.remote()),
      check_([&space] { space.check_processes(); }) {
  for (auto& numbers : numbers_) numbers.resize(static_cast<std::size_t>(processes_.size()));
  if (remote_ != nullptr) {
    for (int& mailbox : mailboxes_) mailbox = remote_->add_mailbox();
    return;
  }
  const auto others = static_cast<std::size_t>(processes_.size() - 1);
  const auto parts = processes_.allocate(leads() ? 2 * others * Pipe::bytes() : 0);
  for (std::size_t i = 0; i < 2 * others; ++i)
    pipes_[i < others ? 1 : 0].emplace_back(parts.front().subspan(i * Pipe::bytes(), Pipe::bytes()),
                                            check_);
}

/// Between the first process and `process`, which is the other end of both.
void UnitLink::send(bool command, int process, std::span<const std::byte> message) {
  const auto stamped = numbers_[command].at(static_cast<std::size_t>(process)).stamp(message);
  if (remote_ != nullptr) return remote_->post(command ? process : 0, mailboxes_[command], stamped);
  pipes_[command].at(static_cast<std::size_t>(process - 1)).send(stamped);
}

std::vector<std::byte> UnitLink::receive(bool command, int process) {
  const auto stamped = remote_ != nullptr
                           ? remote_->take(command ? 0 : process, mailboxes_[command], check_)
                           : pipes_[command].at(static_cast<std::size_t>(process - 1)).receive();
  return numbers_[command]
      .at(static_cast<std::size_t>(process))
      .check(stamped, "process " + std::to_string(command ? 0 : process));
}

void UnitLink::send(std::span<const std::byte> command) {
  std::lock_guard lock(sending_);
  for (int process = 1; process < processes(); ++process) send(true, process, command);
}

std::vector<std::byte> UnitLink::answer_of(int process) {
  return receive(false, process);
}

std::vector<std::byte> UnitLink::command() {
  return receive(true, processes_.index());
}

void UnitLink::answer(std::span<const std::byte> message) {
  send(false, processes_.index(), message);
}

void write_inputs(MessageWriter& to, std::span<const RankInput> inputs, std::size_t route_size) {
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
    for (const MicroBatch& batch : input.micro_batches) write_batch(to, batch, ids, route_size);
}

SentInputs read_inputs(MessageReader& from, std::size_t route_size) {
  SentInputs sent;
  sent.sequences.resize(from.get<std::uint64_t>());
  for (KvSequence& sequence : sent.sequences) {
    from.get(sequence.pages);
    from.get(sequence.length);
  }
  sent.inputs.resize(from.get<std::uint64_t>());
  for (RankInput& input : sent.inputs)
    for (MicroBatch& batch : input.micro_batches) read_batch(from, batch, sent, route_size);
  return sent;
}

void write_table(MessageWriter& to, const SlotTable& table) {
  to.put(table.epoch);
  to.put(table.placement.table());
  to.put(table.placement.weights());
  to.put(table.placement.experts());
  to.put(table.placement.ranks());
  to.put(table.places);
}

SlotTable read_table(MessageReader& from) {
  const auto epoch = from.get<std::uint64_t>();
  std::vector<std::vector<int>> slots;
  std::vector<std::vector<double>> weights;
  from.get(slots);
  from.get(weights);
  const int experts = from.get<int>(), ranks = from.get<int>();
  SlotTable table{epoch, Placement(std::move(slots), std::move(weights), experts, ranks), {}};
  from.get(table.places);
  return table;
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

StepLoads read_step_loads(MessageReader& from) {
  StepLoads loads;
  from.get(loads.logical);
  from.get(loads.physical);
  return loads;
}

}  // namespace moescope::runtime
