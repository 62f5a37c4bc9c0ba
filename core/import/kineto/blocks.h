// Cutting a stream of text into blocks that begin at what looks like an event.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/import/bytes/byte_source.h"

namespace moescope::kineto {

/// Position of the first `{` at or after `from` that looks like the start of an event (preceded by
/// `},` and followed by a key events have), npos when there is none.
std::size_t find_event_start(std::string_view text, std::size_t from);

struct Block {
  std::size_t index = 0;
  std::unique_ptr<char[]> data;
  std::size_t size = 0;
  std::string_view text() const { return {data.get(), size}; }
};

class BlockCutter {
 public:
  BlockCutter(ByteSource& source, std::size_t block_bytes)
      : source_(source), block_bytes_(block_bytes) {}
  /// The next block; false at the end of the text. Not thread-safe.
  bool next(Block& block);

 private:
  ByteSource& source_;
  std::size_t block_bytes_;
  std::size_t next_index_ = 0;
  std::string carry_;  ///< text that was read and belongs to the next block
  bool ended_ = false;
};

}  // namespace moescope::kineto
