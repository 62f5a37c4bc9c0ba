// Barriers in shared memory (mbarrier) and the bulk copies that they wait for.
#include <fmt/format.h>

#include <cstring>

#include "gpu/hw/emulator/machine.h"
#include "gpu/hw/emulator/operations.h"
#include "gpu/hw/emulator/thread_sanitizer.h"

namespace moescope::runtime::hw {
namespace {

/// In the upper half of an initialised barrier's word; its number is in the lower half.
constexpr std::uint64_t kBarrierMark = 0xBA221E2A00000000U;
constexpr int kBulkAlignment = 16, kSwizzleAtom = 1024, kTileRow = 128;

Barrier& barrier_at(Thread& self, const std::uint64_t* word, Site site) {
  Block& own = self.machine->block(self);
  const std::uint64_t number = *word & 0xFFFFFFFFU;
  if ((*word & ~std::uint64_t{0xFFFFFFFF}) != kBarrierMark || number >= own.barriers.size())
    self.machine->fail(self, "the barrier is used before it is initialised", site);
  return own.barriers[number];
}

void arrive_at(Thread& self, Barrier& barrier, Site site) {
  released(&barrier.order);
  if (barrier.pending == 0)
    self.machine->fail(self, "more arrivals than the barrier expects", site);
  --barrier.pending;
  self.machine->settle(barrier);
}

/// A range of the block's shared memory.
void check_shared(Thread& self, const void* place, std::size_t bytes, Site site) {
  Machine& machine = *self.machine;
  const auto* begin = static_cast<const std::byte*>(place);
  const std::byte* shared = machine.block(self).shared;
  if (begin < shared || begin + bytes > shared + machine.grid().shared_bytes)
    machine.fail(self, "outside the shared memory of the block", site);
}

void check_bulk(Thread& self, const void* to, const void* from, int bytes, Site site) {
  const auto odd = [](const void* place) {
    return reinterpret_cast<std::uintptr_t>(place) % kBulkAlignment != 0;
  };
  if (bytes <= 0 || bytes % kBulkAlignment != 0 || odd(to) || odd(from))
    self.machine->fail(self,
                       fmt::format("a bulk copy of {} bytes: places and size must be multiples of "
                                   "{} bytes",
                                   bytes, kBulkAlignment),
                       site);
}

/// Operands of a matrix product that is not done must not be overwritten.
void check_operands(Thread& self, const void* to, std::size_t bytes, Site site) {
  const std::uint32_t begin = shared_address(to), end = begin + static_cast<std::uint32_t>(bytes);
  const auto check = [&](const MatrixProduct& product) {
    for (const std::uint64_t descriptor : {product.a, product.b}) {
      const TileRange tile = tile_range(descriptor);
      if (tile.begin < end && begin < tile.end)
        self.machine->fail(self, "overwrites an operand of a matrix product that is not done",
                           site);
    }
  };
  for (const MatrixUnit& unit : self.machine->block(self).matrix_units) {
    for (const MatrixProduct& product : unit.open) check(product);
    for (const auto& group : unit.committed)
      for (const MatrixProduct& product : group) check(product);
  }
}

void start_copy(Thread& self, std::function<void()> land, Barrier* barrier, std::size_t bytes) {
  Copy copy;
  copy.land = std::move(land);
  copy.barrier = barrier;
  copy.owner = &self;
  copy.bytes = bytes;
  copy.order = std::make_unique<char>();
  released(copy.order.get());
  self.machine->add(std::move(copy));
  self.machine->maybe_switch(self);
}

/// Copies a box row by row into a tile with the 128-byte swizzle; outside the matrix are zeros.
void land_tile(std::byte* shared, std::uint32_t to, const TileMap& map, int column, int row) {
  for (int r = 0; r < map.box_rows; ++r)
    for (int c = 0; c < map.box_columns; ++c) {
      const auto offset = static_cast<std::uint32_t>(r * kTileRow + c * 2);
      std::uint16_t value = 0;
      if (row + r < map.rows && column + c < map.columns)
        value = map.base[static_cast<std::size_t>(row + r) * static_cast<std::size_t>(map.columns) +
                         static_cast<std::size_t>(column + c)];
      std::memcpy(shared + swizzle128(to + offset) - kSharedBase, &value, sizeof value);
    }
}

}  // namespace

void barrier_init(std::uint64_t* barrier, int arrivals, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  check_shared(self, barrier, sizeof *barrier, site);
  Block& own = self.machine->block(self);
  *barrier = kBarrierMark | own.barriers.size();
  Barrier& made = own.barriers.emplace_back();
  made.expected = made.pending = arrivals;
}

/// Barriers are seen at once here; the sync that follows is what the emulator can miss.
void barrier_init_fence(Site) {}

void barrier_arrive(std::uint64_t* barrier, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  self.machine->maybe_switch(self);
  if (self.machine->left_out(Order::BarrierArrive, site)) return;
  arrive_at(self, barrier_at(self, barrier, site), site);
  self.machine->maybe_switch(self);
}

void barrier_expect(std::uint64_t* barrier, int bytes, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  self.machine->maybe_switch(self);
  Barrier& own = barrier_at(self, barrier, site);
  own.bytes += bytes;
  arrive_at(self, own, site);
}

void barrier_wait(std::uint64_t* barrier, int parity, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (self.machine->left_out(Order::BarrierWait, site)) return;
  self.machine->maybe_switch(self);
  Barrier& own = barrier_at(self, barrier, site);
  while (own.phase == parity) self.machine->wait(self, own.waiters, "barrier_wait", site);
  acquired(&own.order);
}

void bulk_load(void* to, const void* from, int bytes, std::uint64_t* barrier, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  const auto size = static_cast<std::size_t>(bytes);
  check_bulk(self, to, from, bytes, site);
  check_shared(self, to, size, site);
  check_operands(self, to, size, site);
  start_copy(
      self, [=] { std::memcpy(to, from, size); }, &barrier_at(self, barrier, site), size);
}

void bulk_store(void* to, const void* from, int bytes, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  const auto size = static_cast<std::size_t>(bytes);
  check_bulk(self, to, from, bytes, site);
  check_shared(self, from, size, site);
  ++self.stores;
  start_copy(
      self, [=] { std::memcpy(to, from, size); }, nullptr, size);
}

void bulk_wait(Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (self.machine->left_out(Order::BulkWait, site)) return;
  while (self.stores > 0)
    self.machine->wait(self, self.machine->block(self).store_waiters, "bulk_wait", site);
  acquired(&self);
}

void tile_load(void* to, const TileMap* map, std::uint64_t* barrier, int column, int row,
               Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  const std::uint32_t address = shared_address(to);
  const auto rows = static_cast<std::size_t>(map->box_rows);
  if (address % kSwizzleAtom != 0)
    self.machine->fail(self, "the tile is not aligned to the 1024 bytes of the swizzle", site);
  if (map->box_columns * 2 > kTileRow)
    self.machine->fail(self, "a row of the box is longer than 128 bytes", site);
  check_shared(self, to, rows * kTileRow, site);
  check_operands(self, to, rows * kTileRow, site);
  std::byte* shared = self.machine->block(self).shared;
  start_copy(
      self, [=, box = *map] { land_tile(shared, address, box, column, row); },
      &barrier_at(self, barrier, site), rows * static_cast<std::size_t>(map->box_columns) * 2);
}

std::uint32_t shared_address(const void* place) {
  const Thread& self = current();
  return kSharedBase + static_cast<std::uint32_t>(static_cast<const std::byte*>(place) -
                                                  current().machine->block(self).shared);
}

}  // namespace moescope::runtime::hw
