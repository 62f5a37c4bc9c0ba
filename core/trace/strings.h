// Interned strings: append-only, stable addresses, safe to read while a live trace adds to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

class StringTable {
 public:
  /// Reads the stored texts [first, end). Called from several threads, one at a time; may throw
  /// Error.
  using Reader = std::function<std::vector<std::string>(StringId first, StringId end)>;

  StringTable();
  /// A stored table of `count` texts that `read` loads page by page on demand. Read-only: nothing
  /// can be interned in it.
  StringTable(std::size_t count, Reader read);
  StringTable(const StringTable&) = delete;
  StringTable& operator=(const StringTable&) = delete;

  /// Returns the id of `text`, adding it when new. Id 0 is the empty string.
  StringId intern(std::string_view text);
  /// The text of `id`; valid as long as the table lives. Throws std::out_of_range. A stored text
  /// that cannot be read is kUnreadable, so that drawing goes on. Callers that need every text call
  /// load_all().
  std::string_view operator[](StringId id) const;
  std::size_t size() const;
  /// Reads all stored texts that were not read yet. Throws Error.
  void load_all() const;

  static constexpr std::string_view kUnreadable = "(name cannot be read)";

 private:
  static constexpr std::size_t kPage = 256;  ///< texts read at a time
  using Page = std::vector<std::string>;

  /// Page `page`, read on first use. Throws Error.
  const Page& stored_page(std::size_t page) const;

  std::size_t stored_ = 0;  ///< texts below are in pages_, the others in texts_
  Reader read_;
  mutable std::mutex read_mutex_;
  mutable std::vector<std::unique_ptr<const Page>> owned_;
  mutable std::vector<std::atomic<const Page*>> pages_;

  mutable std::shared_mutex mutex_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, StringId> ids_;
};

}  // namespace moescope
