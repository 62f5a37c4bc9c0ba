#include "core/import/kineto/blocks.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/import/kineto/json_scan.h"

namespace moescope::kineto {
namespace {

/// A block grows to this size when no boundary is found; then it is cut anywhere.
constexpr std::size_t kMaxBlockBytes = std::size_t{64} << 20;

bool has_event_key(std::string_view text, std::size_t brace) {
  std::size_t at = brace + 1;
  while (at < text.size() && is_space(text[at])) ++at;
  static constexpr std::array<std::string_view, 11> kKeys = {
      "\"ph\"",  "\"name\"", "\"cat\"", "\"ts\"", "\"pid\"", "\"tid\"",
      "\"dur\"", "\"args\"", "\"id\"",  "\"s\"",  "\"bp\""};
  const std::string_view rest = text.substr(at, 8);
  return std::any_of(kKeys.begin(), kKeys.end(),
                     [&](std::string_view key) { return rest.starts_with(key); });
}

bool is_event_start(std::string_view text, std::size_t brace) {
  std::size_t at = brace;
  while (at > 0 && is_space(text[at - 1])) --at;
  if (at == 0 || text[--at] != ',') return false;
  while (at > 0 && is_space(text[at - 1])) --at;
  return at > 0 && text[at - 1] == '}' && has_event_key(text, brace);
}

/// The last event start in `text` after its first byte, npos when there is none.
std::size_t last_event_start(std::string_view text) {
  for (std::size_t at = text.rfind('{'); at != text.npos && at > 0; at = text.rfind('{', at - 1))
    if (is_event_start(text, at)) return at;
  return text.npos;
}

}  // namespace

std::size_t find_event_start(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('{', from); at != text.npos; at = text.find('{', at + 1))
    if (is_event_start(text, at)) return at;
  return text.npos;
}

Block SpareBlocks::take(std::size_t capacity) {
  capacity = std::max(capacity, block_bytes_);
  Block block;
  std::lock_guard lock(mutex_);
  if (capacity == block_bytes_ && !blocks_.empty()) {
    block.data = std::move(blocks_.back());
    blocks_.pop_back();
  } else {
    block.data = std::make_unique_for_overwrite<char[]>(capacity);
  }
  block.capacity = capacity;
  return block;
}

void SpareBlocks::give(Block block) {
  if (block.capacity != block_bytes_) return;
  std::lock_guard lock(mutex_);
  blocks_.push_back(std::move(block.data));
}

bool BlockCutter::next(Block& block) {
  if (ended_ && carry_.empty()) return false;
  block = spares_.take(2 * carry_.size());
  std::memcpy(block.data.get(), carry_.data(), carry_.size());
  block.size = carry_.size();
  carry_.clear();
  for (;;) {
    if (!ended_) {
      const std::size_t wanted = block.capacity - block.size;
      const std::size_t got = source_.read(block.data.get() + block.size, wanted);
      block.size += got;
      ended_ = got < wanted;
    }
    if (ended_) break;
    if (const auto cut = last_event_start(block.text()); cut != std::string_view::npos) {
      carry_.assign(block.data.get() + cut, block.size - cut);
      block.size = cut;
      break;
    }
    if (block.capacity >= kMaxBlockBytes) break;
    auto larger = std::make_unique_for_overwrite<char[]>(2 * block.capacity);
    std::memcpy(larger.get(), block.data.get(), block.size);
    block.data = std::move(larger);
    block.capacity *= 2;
  }
  block.index = next_index_++;
  return block.size > 0;
}

}  // namespace moescope::kineto
