#include "core/trace/strings.h"

#include <iterator>
#include <mutex>
#include <stdexcept>

namespace moescope {

StringTable::StringTable() {
  intern("");
}

StringTable::StringTable(std::vector<std::string> texts)
    : indexed_(false),
      texts_(std::make_move_iterator(texts.begin()), std::make_move_iterator(texts.end())) {
  if (texts_.empty() || !texts_.front().empty())
    throw std::invalid_argument("string 0 must be the empty string");
}

void StringTable::index_texts() {
  for (std::size_t id = 0; id < texts_.size(); ++id)
    ids_.emplace(texts_[id], static_cast<StringId>(id));
  indexed_ = true;
}

StringId StringTable::intern(std::string_view text) {
  {
    std::shared_lock lock(mutex_);
    if (auto it = ids_.find(text); it != ids_.end()) return it->second;
  }
  std::unique_lock lock(mutex_);
  if (!indexed_) index_texts();
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
