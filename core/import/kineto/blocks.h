// Cutting a stream of text into blocks that begin at what looks like an event.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/import/bytes/byte_source.h"

namespace moescope::kineto {

/// Position of the first `{` at or after `from` that looks like the start of an event (preceded by
/// `},` and followed by a key events have), npos when there is none.
std::size_t find_event_start(std::string_view text, std::size_t from);

struct Block {
  std::size_t index = 0;
  std::unique_ptr<char[]> data;
  std::size_t size = 0, capacity = 0;
  std::string_view text() const { return {data.get(), size}; }
};

/// Blocks that are done with: filling one again costs less than new memory. Thread-safe.
class SpareBlocks {
 public:
  explicit SpareBlocks(std::size_t block_bytes) : block_bytes_(block_bytes) {}
  /// An empty block of at least `capacity` bytes.
  Block take(std::size_t capacity);
  /// Keeps `block` unless it had to grow.
  void give(Block block);

 private:
  const std::size_t block_bytes_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

class BlockCutter {
 public:
  BlockCutter(ByteSource& source, SpareBlocks& spares) : source_(source), spares_(spares) {}
  /// The next block; false at the end of the text. Not thread-safe.
  bool next(Block& block);

 private:
  ByteSource& source_;
  SpareBlocks& spares_;
  std::size_t next_index_ = 0;
  std::string carry_;  ///< text that was read and belongs to the next block
  bool ended_ = false;
};

}  // namespace moescope::kineto
