#include "core/trace/strings.h"

#include <algorithm>
#include <stdexcept>

#include "core/error.h"

namespace moescope {

StringTable::StringTable() {
  intern("");
}

StringTable::StringTable(std::size_t count, Reader read)
    : stored_(count),
      read_(std::move(read)),
      owned_((count + kPage - 1) / kPage),
      pages_(owned_.size()) {}

StringId StringTable::intern(std::string_view text) {
  if (stored_ > 0) throw std::logic_error("nothing can be interned in a stored table");
  {
    std::shared_lock lock(mutex_);
    if (auto it = ids_.find(text); it != ids_.end()) return it->second;
  }
  std::unique_lock lock(mutex_);
  if (auto it = ids_.find(text); it != ids_.end()) return it->second;
  const auto id = static_cast<StringId>(texts_.size());
  texts_.emplace_back(text);
  ids_.emplace(texts_.back(), id);
  return id;
}

const StringTable::Page& StringTable::stored_page(std::size_t page) const {
  if (const Page* known = pages_[page].load(std::memory_order_acquire)) return *known;
  std::lock_guard lock(read_mutex_);
  if (owned_[page]) return *owned_[page];
  const std::size_t first = page * kPage, end = std::min(first + kPage, stored_);
  owned_[page] =
      std::make_unique<const Page>(read_(static_cast<StringId>(first), static_cast<StringId>(end)));
  pages_[page].store(owned_[page].get(), std::memory_order_release);
  return *owned_[page];
}

std::string_view StringTable::operator[](StringId id) const {
  if (id < stored_) {
    try {
      return stored_page(id / kPage).at(id % kPage);
    } catch (const Error&) {
      return kUnreadable;
    }
  }
  std::shared_lock lock(mutex_);
  return texts_.at(id - stored_);
}

std::size_t StringTable::size() const {
  std::shared_lock lock(mutex_);
  return stored_ + texts_.size();
}

void StringTable::load_all() const {
  for (std::size_t page = 0; page < pages_.size(); ++page) stored_page(page);
}

}  // namespace moescope
