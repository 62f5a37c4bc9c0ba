// The operations of a GPU's hardware on the CPU. gpu/hw/operations.h says what they mean.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/hw/emulator/site.h"

namespace moescope::runtime::hw {

#define MOESCOPE_HERE ::moescope::runtime::hw::Site::current()

int thread();
int threads();
int block();
int blocks();
std::uint16_t sm();
std::int64_t time();
std::byte* shared();

void sync_block(Site site = MOESCOPE_HERE);
void sync_warp(Site site = MOESCOPE_HERE);
/// Every lane gives a value and gets that of lane `from`.
std::uint64_t exchange_words(std::uint64_t value, int from, const char* operation, Site site);

template <typename T>
T exchange(T value, int from, const char* operation, Site site) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  word = exchange_words(word, from, operation, site);
  std::memcpy(&value, &word, sizeof value);
  return value;
}
template <typename T>
T shuffle(T value, int from, Site site = MOESCOPE_HERE) {
  return exchange(value, from, "shuffle", site);
}
template <typename T>
T shuffle_xor(T value, int mask, Site site = MOESCOPE_HERE) {
  return exchange(value, (thread() % 32) ^ mask, "shuffle_xor", site);
}
template <typename T>
T shuffle_up(T value, int distance, Site site = MOESCOPE_HERE) {
  const int lane = thread() % 32;
  return exchange(value, lane < distance ? lane : lane - distance, "shuffle_up", site);
}

template <typename T>
T atomic_add(T* to, T value) {
  return __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}
bool compare_and_swap(std::uint32_t* at, std::uint32_t expected, std::uint32_t desired);
void signal(std::uint64_t* flag, Site site = MOESCOPE_HERE);
bool await(std::uint64_t* flag, std::uint64_t value, Site site = MOESCOPE_HERE);

void barrier_init(std::uint64_t* barrier, int arrivals, Site site = MOESCOPE_HERE);
void barrier_init_fence(Site site = MOESCOPE_HERE);
void barrier_arrive(std::uint64_t* barrier, Site site = MOESCOPE_HERE);
void barrier_expect(std::uint64_t* barrier, int bytes, Site site = MOESCOPE_HERE);
void barrier_wait(std::uint64_t* barrier, int parity, Site site = MOESCOPE_HERE);

void bulk_load(void* to, const void* from, int bytes, std::uint64_t* barrier,
               Site site = MOESCOPE_HERE);
void bulk_store(void* to, const void* from, int bytes, Site site = MOESCOPE_HERE);
void bulk_wait(Site site = MOESCOPE_HERE);

/// A matrix of bf16 in global memory, and the box of it that one copy takes.
struct TileMap {
  const std::uint16_t* base = nullptr;
  int columns = 0, rows = 0;
  int box_columns = 64, box_rows = 64;
};
void tile_load(void* to, const TileMap* map, std::uint64_t* barrier, int column, int row,
               Site site = MOESCOPE_HERE);

std::uint32_t shared_address(const void* place);
void matrix_fence(Site site = MOESCOPE_HERE);
void matrix_multiply(float (&sums)[32], std::uint64_t a, std::uint64_t b, bool accumulate,
                     Site site = MOESCOPE_HERE);
void matrix_commit(Site site = MOESCOPE_HERE);
/// At most `pending` committed groups are not done.
void matrix_wait_for(int pending, Site site);
template <int Pending>
void matrix_wait(Site site = MOESCOPE_HERE) {
  matrix_wait_for(Pending, site);
}

}  // namespace moescope::runtime::hw
