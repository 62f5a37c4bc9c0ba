// How columns become bytes in a .moetrace: scaled deltas as varints, then zstd with a checksum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/chunk.h"
#include "core/trace/summary.h"
#include "core/trace/types.h"

namespace moescope::codec {

/// Thrown by every decode function; the caller turns it into an Error with file, table and row.
struct Damaged {
  std::string what;
};

/// Times and durations in a file are below 2^61 ns (73 years), so that sums cannot overflow.
inline constexpr TimeNs kMaxTime = TimeNs{1} << 61;
/// Most rows of one block: bounds the allocation for a damaged length.
inline constexpr std::uint32_t kMaxRows = 1U << 22;

/// Exclusive upper bounds of ids inside columns.
struct IdBounds {
  std::uint64_t strings = 0;
  std::uint64_t launches = 0;
};

std::string encode_columns(const SpanColumns& columns);
/// Decodes the first `rows` spans (the block may hold more: its tail grew after the reader looked).
SpanColumns decode_columns(std::string_view bytes, std::uint32_t rows, const IdBounds& bounds);

/// Buckets of one summary block, ascending by index.
std::string encode_buckets(const SummaryBucket* buckets, std::size_t count);
/// `shift` bounds `busy`: a bucket is 2^shift ns long.
std::vector<SummaryBucket> decode_buckets(std::string_view bytes, std::uint8_t shift,
                                          const IdBounds& bounds);

std::string encode_sm_records(const SmRecord* records, std::size_t count);
std::vector<SmRecord> decode_sm_records(std::string_view bytes, std::uint64_t processes);

std::string encode_samples(const std::vector<TimeNs>& times, const std::vector<double>& values);
void decode_samples(std::string_view bytes, std::vector<TimeNs>& times,
                    std::vector<double>& values);

}  // namespace moescope::codec
