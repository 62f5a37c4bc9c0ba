// A chunk: some thousands of spans of one track as immutable columns, plus their arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// Structure of arrays, all of one length. 30 bytes per span.
struct SpanColumns {
  std::vector<TimeNs> start;
  std::vector<TimeNs> duration;
  std::vector<StringId> name;
  std::vector<std::uint32_t> correlation;
  std::vector<LaunchId> launch;
  std::vector<SpanKind> kind;
  std::vector<std::uint8_t> depth;

  std::size_t size() const { return start.size(); }
  void reserve(std::size_t n);
  void push_back(const Span& span);
  Span at(std::size_t row) const;
};

/// Arguments of a chunk's spans: JSON object texts, concatenated and zstd-compressed.
/// Row i is text [offset[i], offset[i+1]); an empty text means "no arguments".
class ArgsBlock {
 public:
  ArgsBlock() = default;
  /// Compresses. `offsets` has rows+1 entries; both empty when no span has arguments.
  static ArgsBlock compress(std::string_view text, const std::vector<std::uint32_t>& offsets);
  /// Wraps the output of compress(), e.g. read from a file; checked on use. `origin` says in errors
  /// where it was read.
  static ArgsBlock from_compressed(std::string bytes, std::string origin = {}) {
    ArgsBlock block(std::move(bytes));
    block.origin_ = std::move(origin);
    return block;
  }

  bool empty() const { return bytes_.empty(); }
  const std::string& compressed() const { return bytes_; }
  /// JSON text of the arguments of `row`, "" when there are none. Decompresses: not for loops.
  /// Throws Error when the block is damaged.
  std::string row(std::size_t row) const;
  /// All rows at once, for export and search.
  std::vector<std::string> rows() const;

 private:
  explicit ArgsBlock(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_, origin_;
};

/// Immutable. Spans are in order of start; their end times may be in any order.
class SpanChunk {
 public:
  SpanChunk(SpanColumns columns, ArgsBlock args);
  /// Arguments that stay in a file until they are needed.
  SpanChunk(SpanColumns columns, std::function<ArgsBlock()> load_args);
  const SpanColumns& columns() const { return columns_; }
  /// Loads them on first use where they are in a file; throws Error when damaged.
  const ArgsBlock& args() const;
  std::size_t size() const { return columns_.size(); }
  std::size_t memory_bytes() const;

 private:
  SpanColumns columns_;
  std::function<ArgsBlock()> load_args_;
  mutable std::once_flag args_once_;
  mutable ArgsBlock args_;
};

/// What is known about a chunk without reading it.
struct ChunkInfo {
  TimeNs first_start = 0;
  TimeNs last_start = 0;
  TimeNs last_end = 0;        ///< latest end in the chunk
  TimeNs max_end_so_far = 0;  ///< latest end in this and all earlier chunks of the track
  std::uint32_t count = 0;
  std::uint32_t first_index = 0;  ///< SpanRef::index of its first span
};

/// Describes non-empty `columns` that follow chunk `previous` (nullptr for the first) on a track.
ChunkInfo describe_chunk(const SpanColumns& columns, const ChunkInfo* previous);
/// `info` as it is when the chunk follows `previous`.
ChunkInfo place_chunk(ChunkInfo info, const ChunkInfo* previous);

}  // namespace moescope
