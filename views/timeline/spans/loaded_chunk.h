// A chunk ready for drawing: its columns, and its rows by depth.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/trace/chunk.h"

namespace moescope {

/// The rows of one chunk that have one depth, in order of start.
class LoadedChunk {
 public:
  LoadedChunk(std::shared_ptr<const SpanChunk> chunk, std::uint32_t first_index);

  const SpanColumns& columns() const { return chunk_->columns(); }
  std::uint32_t firstIndex() const { return first_index_; }
  int depthCount() const { return static_cast<int>(depth_count_); }
  std::size_t size(int depth) const;
  /// Row in the columns of the i-th span of `depth`.
  std::size_t row(int depth, std::size_t i) const {
    return single_depth_ >= 0 ? i : rows_[static_cast<std::size_t>(depth)][i];
  }

 private:
  std::shared_ptr<const SpanChunk> chunk_;
  std::uint32_t first_index_;
  std::size_t depth_count_ = 0;
  int single_depth_ = -1;                         ///< the depth of all rows, or -1
  std::vector<std::vector<std::uint32_t>> rows_;  ///< [depth], only when depths differ
};
using LoadedChunkPtr = std::shared_ptr<const LoadedChunk>;

}  // namespace moescope
