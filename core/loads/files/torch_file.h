// torch.save archives: a zip with data.pkl and one raw storage per tensor.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/loads/files/pickle.h"

namespace moescope {

class TorchFile {
 public:
  /// Throws Error when the file is not a torch archive, is damaged, or holds anything but tensors.
  explicit TorchFile(const std::filesystem::path& path);
  ~TorchFile();
  TorchFile(const TorchFile&) = delete;
  TorchFile& operator=(const TorchFile&) = delete;

  const Pickle& pickle() const { return *pickle_; }
  /// Calls `use(row, values)` for each row of the last dimension in row-major order; only one row
  /// is in memory as doubles. The location (CPU or GPU) that the tensor was saved from is ignored.
  /// Throws Error for more than `limit` values, elements that are no numbers, or data that is too
  /// short.
  void read_rows(const PickleValue& tensor, std::size_t limit,
                 const std::function<void(std::size_t, std::span<const double>)>& use);
  /// All values of a tensor, as read_rows().
  std::vector<double> values(const PickleValue& tensor, std::size_t limit);

 private:
  void open_archive();
  /// Bytes [begin, end) of an entry.
  std::string bytes(const std::string& name, std::uint64_t begin, std::uint64_t end);
  std::uint64_t entry_size(const std::string& name) const;

  std::string source_, prefix_;
  void* zip_ = nullptr;
  std::unique_ptr<Pickle> pickle_;
  std::uint64_t bytes_left_ = 0;  ///< that may still be read: tensors can share a storage
};

}  // namespace moescope
