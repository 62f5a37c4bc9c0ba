#include "views/timeline/spans/loaded_chunk.h"

#include <algorithm>

namespace moescope {

LoadedChunk::LoadedChunk(std::shared_ptr<const SpanChunk> chunk, std::uint32_t first_index)
    : chunk_(std::move(chunk)), first_index_(first_index) {
  const auto& depth = columns().depth;
  if (depth.empty()) return;
  const auto [low, high] = std::minmax_element(depth.begin(), depth.end());
  depth_count_ = std::size_t{*high} + 1;
  if (*low == *high) {
    single_depth_ = *low;
    return;
  }
  std::vector<std::uint32_t> counts(depth_count_);
  for (const auto d : depth) ++counts[d];
  rows_.resize(depth_count_);
  for (std::size_t d = 0; d < depth_count_; ++d) rows_[d].reserve(counts[d]);
  for (std::size_t row = 0; row < depth.size(); ++row)
    rows_[depth[row]].push_back(static_cast<std::uint32_t>(row));
}

std::size_t LoadedChunk::size(int depth) const {
  if (single_depth_ >= 0) return depth == single_depth_ ? columns().size() : 0;
  return depth >= 0 && static_cast<std::size_t>(depth) < rows_.size()
             ? rows_[static_cast<std::size_t>(depth)].size()
             : 0;
}

}  // namespace moescope
