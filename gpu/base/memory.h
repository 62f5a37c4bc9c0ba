// Memory of the ranks: of the host for a CPU, of the device for a GPU.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace moescope::runtime {

/// Allocates memory that lives as long as this object. Copies are synchronous.
class Memory {
 public:
  virtual ~Memory() = default;
  /// Zeroed. Throws Error when there is not enough.
  virtual std::byte* allocate(std::size_t bytes) = 0;
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  /// Inside this kind of memory.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;

  template <typename T>
  T* array(std::size_t count) {
    return reinterpret_cast<T*>(allocate(count * sizeof(T)));
  }
  template <typename T>
  T* array_of(const std::vector<T>& values) {
    T* place = array<T>(values.size());
    upload(place, values.data(), values.size() * sizeof(T));
    return place;
  }
  template <typename T>
  std::vector<T> values(const T* from, std::size_t count) {
    std::vector<T> result(count);
    download(result.data(), from, count * sizeof(T));
    return result;
  }
};

class HostMemory final : public Memory {
 public:
  std::byte* allocate(std::size_t bytes) override {
    return owned_.emplace_back(std::make_unique<std::byte[]>(bytes)).get();
  }
  void upload(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> owned_;
};

}  // namespace moescope::runtime
