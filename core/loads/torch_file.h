// torch.save archives: a zip with data.pkl and one raw storage per tensor.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/loads/pickle.h"

namespace moescope {

class TorchFile {
 public:
  /// Throws Error when the file is no torch archive, is damaged, or holds more than tensors.
  explicit TorchFile(const std::filesystem::path& path);
  ~TorchFile();
  TorchFile(const TorchFile&) = delete;
  TorchFile& operator=(const TorchFile&) = delete;

  const Pickle& pickle() const { return *pickle_; }
  /// Values of a tensor of integers or floats in row-major order. The location (CPU or GPU) that it
  /// was saved from is ignored. Throws Error for more than `limit` values or data that is too
  /// short.
  std::vector<double> values(const PickleValue& tensor, std::size_t limit);

 private:
  std::string entry(const std::string& name, std::uint64_t limit);

  std::string source_, prefix_;
  void* zip_ = nullptr;
  std::unique_ptr<Pickle> pickle_;
};

}  // namespace moescope
