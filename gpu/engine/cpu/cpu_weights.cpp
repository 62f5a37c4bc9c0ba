// Weights of a unit's experts, and switching them in a change of plan.
#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

std::size_t CpuUnit::expert_bytes(int expert) const {
  const ModelConfig& config = shared_.model->config;
  const int width = expert == config.experts ? config.shared_width() : config.expert_width;
  return 3 * static_cast<std::size_t>(config.hidden) * static_cast<std::size_t>(width) *
         sizeof(float);
}

/// The source may refer to weights that all ranks of this process share, which are in no window.
void CpuUnit::copy_expert(const Move& move, std::size_t begin, std::size_t count) {
  const int source = shared_.group.first + move.from, by = shared_.group.first + move.to;
  const std::size_t bytes = expert_bytes(move.expert);
  const WeightPool& from = pool(move.from);
  const auto here = pool(move.to).bytes(move.place).first(bytes);
  if (from.shared(move.from_place))
    shared_.space->copy(by, source, from.content(move.from_place, bytes).subspan(begin, count),
                        here.subspan(begin, count), Purpose::Weights);
  else
    shared_.space->read(by, {source, weights_window_, from.offset(move.from_place) + begin},
                        here.subspan(begin, count), Purpose::Weights);
  if (begin + count == bytes && options_.faults.arrived) options_.faults.arrived(by, here);
}

Digest CpuUnit::held_digest(int member, int place, std::size_t bytes) {
  std::vector<std::byte> room;
  return digest(
      shared_.space->look(shared_.group.first + member, pool(member).content(place, bytes), room));
}

void CpuUnit::stage(SlotTable table) {
  if (link_) {
    MessageWriter rest;
    write_table(rest, table);
    send(UnitCommand::Stage, rest.take());
  }
  apply_table(std::move(table));
}

void CpuUnit::apply_table(SlotTable table) {
  if (table.epoch != shared_.epoch + 1)
    throw std::invalid_argument("a staged table must be of the next epoch");
  shared_.tables[table.epoch % 2] = std::move(table);
}

void CpuUnit::share_moved(std::span<const Move> moves) {
  if (shared_.space->processes() != nullptr) return;  // ranks in several keep their copies
  for (const Move& move : moves) {
    const Mlp& expert = shared_.expert(move.layer, move.expert);
    const auto bytes = std::as_bytes(std::span(expert.data));
    const auto held = pool(move.to).content(move.place, bytes.size());
    if (std::memcmp(held.data(), bytes.data(), bytes.size()) != 0)
      throw Error("plan",
                  fmt::format("layer {}, expert {}",
                              shared_.model->config.dense_layers + move.layer, move.expert),
                  fmt::format("the weights that rank {} holds are not those of the model",
                              shared_.group.first + move.to));
    pool(move.to).share(move.place, expert);
  }
}

void CpuUnit::flip(std::uint64_t epoch) {
  send_value(UnitCommand::Flip, epoch);
  apply_epoch(epoch);
}

void CpuUnit::apply_epoch(std::uint64_t epoch) {
  if (epoch % 2 == shared_.epoch % 2)
    throw std::invalid_argument("a flip changes the parity of the epoch");
  shared_.epoch = epoch;
  shared_.tables[epoch % 2].epoch = epoch;
}

}  // namespace moescope::runtime
