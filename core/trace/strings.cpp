#include "core/trace/strings.h"

#include <mutex>
#include <stdexcept>

namespace moescope {

StringTable::StringTable() {
  intern("");
}

StringId StringTable::intern(std::string_view text) {
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

std::string_view StringTable::operator[](StringId id) const {
  std::shared_lock lock(mutex_);
  if (id >= texts_.size()) throw std::out_of_range("string id out of range");
  return texts_[id];
}

std::size_t StringTable::size() const {
  std::shared_lock lock(mutex_);
  return texts_.size();
}

}  // namespace moescope
