// An LRU cache of shared immutable objects, bounded in bytes.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace moescope {

/// Thread-safe. Evicted objects live on while they are referenced.
template <typename T>
class ByteCache {
 public:
  explicit ByteCache(std::size_t limit) : limit_(limit) {}

  std::shared_ptr<const T> find(std::uint64_t key) {
    std::lock_guard lock(mutex_);
    const auto it = index_.find(key);
    if (it == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->value;
  }
  /// Keeps `value` unless another thread was first; returns the kept one.
  std::shared_ptr<const T> insert(std::uint64_t key, std::shared_ptr<const T> value,
                                  std::size_t bytes) {
    std::lock_guard lock(mutex_);
    const auto it = index_.find(key);
    if (it != index_.end()) return it->second->value;
    entries_.push_front({key, value, bytes});
    index_[key] = entries_.begin();
    used_ += bytes;
    while (used_ > limit_ && entries_.size() > 1) {
      used_ -= entries_.back().bytes;
      index_.erase(entries_.back().key);
      entries_.pop_back();
    }
    return value;
  }
  std::size_t used() const {
    std::lock_guard lock(mutex_);
    return used_;
  }

 private:
  struct Entry {
    std::uint64_t key;
    std::shared_ptr<const T> value;
    std::size_t bytes;
  };
  std::size_t limit_, used_ = 0;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;
  std::unordered_map<std::uint64_t, typename std::list<Entry>::iterator> index_;
};

}  // namespace moescope
