#include "gpu/hw/emulator/matrix_unit.h"

#include <algorithm>
#include <cstring>

#include "gpu/base/bfloat16.h"
#include "gpu/hw/emulator/machine.h"
#include "gpu/hw/emulator/operations.h"
#include "gpu/hw/emulator/thread_sanitizer.h"

namespace moescope::runtime::hw {
namespace {

constexpr int kSize = 64, kDepth = 16;
constexpr std::uint32_t kCoreRows = 8, kRowBytes = 128;

/// Fields of a descriptor, in units of 16 bytes (PTX ISA, "Shared memory matrix layout").
std::uint32_t start_of(std::uint64_t descriptor) {
  return static_cast<std::uint32_t>(descriptor & 0x3FFF) << 4;
}
/// From eight rows to the next eight.
std::uint32_t stride_of(std::uint64_t descriptor) {
  return static_cast<std::uint32_t>(descriptor >> 32 & 0x3FFF) << 4;
}

using Tile = std::array<std::array<float, kDepth>, kSize>;

Tile read_tile(const std::byte* shared, std::uint64_t descriptor) {
  Tile tile;
  for (std::uint32_t row = 0; row < kSize; ++row)
    for (std::uint32_t k = 0; k < kDepth; ++k) {
      const std::uint32_t address = start_of(descriptor) + row / kCoreRows * stride_of(descriptor) +
                                    row % kCoreRows * kRowBytes + k * 2;
      std::uint16_t value = 0;
      std::memcpy(&value, shared + swizzle128(address) - kSharedBase, sizeof value);
      tile[row][k] = from_bfloat16(value);
    }
  return tile;
}

MatrixUnit& unit_of(Thread& self, Site site) {
  auto& units = self.machine->block(self).matrix_units;
  const auto number = static_cast<std::size_t>(self.thread / kWarpgroup);
  if (number >= units.size())
    self.machine->fail(self, "a matrix product needs a whole warpgroup", site);
  return units[number];
}

std::size_t lane_of(const Thread& self) {
  return static_cast<std::size_t>(self.thread % kWarpgroup);
}

/// All threads of a warpgroup come here before any goes on; a GPU asks for less.
void sync_warpgroup(Thread& self, MatrixUnit& unit, const char* operation, Site site) {
  if (++unit.arrived < kWarpgroup) {
    self.machine->wait(self, unit.waiters, operation, site);
    return;
  }
  unit.arrived = 0;
  self.machine->wake(unit.waiters);
}

bool all_joined(const std::vector<MatrixProduct>& products) {
  return std::all_of(products.begin(), products.end(),
                     [](const MatrixProduct& p) { return p.joined == kWarpgroup; });
}

}  // namespace

TileRange tile_range(std::uint64_t descriptor) {
  const std::uint32_t begin = start_of(descriptor) / 1024 * 1024;
  return {begin, begin + (kSize / kCoreRows - 1) * stride_of(descriptor) + kCoreRows * kRowBytes};
}

void multiply(const std::byte* shared, MatrixProduct& product) {
  const Tile a = read_tile(shared, product.a), b = read_tile(shared, product.b);
  for (std::size_t thread = 0; thread < kWarpgroup; ++thread)
    for (std::size_t i = 0; i < kAccumulators; ++i) {
      const std::size_t lane = thread % 32;
      const std::size_t row = thread / 32 * 16 + lane / 4 + 8 * (i / 2 % 2);
      const std::size_t column = i / 4 * 8 + lane % 4 * 2 + i % 2;
      float sum = product.accumulate ? product.sums[thread][i] : 0;
      for (std::size_t k = 0; k < kDepth; ++k) sum += a[row][k] * b[column][k];
      product.sums[thread][i] = sum;
    }
}

void matrix_fence(Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (self.machine->left_out(Order::MatrixFence, site)) return;
  unit_of(self, site).fenced[lane_of(self)] = true;
}

void matrix_multiply(float (&sums)[32], std::uint64_t a, std::uint64_t b, bool accumulate,
                     Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  Machine& machine = *self.machine;
  MatrixUnit& unit = unit_of(self, site);
  const std::size_t lane = lane_of(self);
  if (!unit.fenced[lane]) machine.fail(self, "a matrix product without matrix_fence", site);
  if (a >> 62 != 1 || b >> 62 != 1)
    machine.fail(self, "only tiles with the 128-byte swizzle are emulated", site);
  const auto limit = static_cast<std::uint32_t>(kSharedBase + machine.grid().shared_bytes);
  for (const std::uint64_t descriptor : {a, b}) {
    const TileRange range = tile_range(descriptor);
    if (range.begin < kSharedBase || range.end > limit)
      machine.fail(self, "a descriptor points outside the shared memory of the block", site);
  }
  const auto index = static_cast<std::size_t>(unit.next[lane]++);
  if (unit.open.size() <= index) {
    MatrixProduct& product = unit.open.emplace_back();
    product.a = a;
    product.b = b;
    product.accumulate = accumulate;
  }
  MatrixProduct& product = unit.open[index];
  if (product.a != a || product.b != b || product.accumulate != accumulate)
    machine.fail(self, "threads of a warpgroup differ in a matrix product", site);
  product.sums[lane] = sums;
  ++product.joined;
}

void matrix_commit(Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  MatrixUnit& unit = unit_of(self, site);
  sync_warpgroup(self, unit, "matrix_commit", site);
  if (unit.next[lane_of(self)] == 0) return;  // another thread has done it for all
  if (!all_joined(unit.open))
    self.machine->fail(self, "not all threads of the warpgroup came to a matrix product", site);
  unit.committed.push_back(std::move(unit.open));
  unit.open.clear();
  unit.next.fill(0);
  unit.fenced.fill(false);
}

void matrix_wait_for(int pending, Site site) {
  const Unchecked unchecked;
  Thread& self = current();
  if (self.machine->left_out(Order::MatrixWait, site)) return;
  MatrixUnit& unit = unit_of(self, site);
  sync_warpgroup(self, unit, "matrix_wait", site);
  const std::byte* shared = self.machine->block(self).shared;
  while (static_cast<int>(unit.committed.size()) > pending) {
    for (MatrixProduct& product : unit.committed.front()) multiply(shared, product);
    unit.committed.pop_front();
  }
}

}  // namespace moescope::runtime::hw
