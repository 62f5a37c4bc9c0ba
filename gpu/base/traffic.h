// Purpose, link and byte counts of transfers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace moescope::runtime {

/// Which link a transfer between two ranks takes.
enum class Link : std::uint8_t { SameGpu, NvLink, Ib };
inline constexpr int kLinks = 3;
const char* to_string(Link link);  ///< "same_gpu", "nvlink", "ib"

/// What a transfer is for. Control: counts and lists beside the rows.
enum class Purpose : std::uint8_t {
  Dispatch,
  Forward,
  Combine,
  KvCache,
  Weights,
  Control,
  AllGather,
  ReduceScatter,
};
inline constexpr int kPurposes = 8;
const char* to_string(Purpose purpose);

/// Bytes and transfers by purpose and link.
struct Traffic {
  std::array<std::array<std::uint64_t, kLinks>, kPurposes> bytes{}, transfers{};
  std::uint64_t of(Purpose purpose, Link link) const {
    return bytes[static_cast<std::size_t>(purpose)][static_cast<std::size_t>(link)];
  }
  /// Traffic since `before`.
  Traffic operator-(const Traffic& before) const {
    Traffic since = *this;
    for (std::size_t p = 0; p < kPurposes; ++p)
      for (std::size_t l = 0; l < kLinks; ++l) {
        since.bytes[p][l] -= before.bytes[p][l];
        since.transfers[p][l] -= before.transfers[p][l];
      }
    return since;
  }
};

}  // namespace moescope::runtime
