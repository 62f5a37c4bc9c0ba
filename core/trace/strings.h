// Interned strings: append-only, stable addresses, safe to read while a live trace adds to it.
#pragma once

#include <cstdint>
#include <deque>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

class StringTable {
 public:
  StringTable();
  /// Takes a stored table; texts[0] must be empty. Finding texts is prepared by the first intern().
  explicit StringTable(std::vector<std::string> texts);
  StringTable(const StringTable&) = delete;
  StringTable& operator=(const StringTable&) = delete;

  /// Returns the id of `text`, adding it when new. Id 0 is the empty string.
  StringId intern(std::string_view text);
  /// The text of `id`; valid as long as the table lives. Throws std::out_of_range.
  std::string_view operator[](StringId id) const;
  std::size_t size() const;

 private:
  mutable std::shared_mutex mutex_;
  bool indexed_ = true;
  std::deque<std::string> texts_;
  void index_texts();  ///< under the exclusive lock

  std::unordered_map<std::string_view, StringId> ids_;
};

}  // namespace moescope
