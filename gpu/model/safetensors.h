// Weights in safetensors files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/safetensors_header.h"

namespace moescope::runtime {

/// A tensor inside a mapped file; valid as long as the file object lives.
struct TensorView {
  DType type = DType::F32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
  std::uint64_t elements() const { return bytes.size() / size_of(type); }
};

/// Converts floating elements to float, exactly where float can hold them. `out` has one place per
/// element; the type must be floating.
void to_floats(const TensorView& tensor, std::span<float> out);

/// One mapped file. The header is checked completely on opening: lengths, types, shapes against
/// bytes, and that the tensors cover the data without overlap or gap.
class SafetensorsFile {
 public:
  /// Throws Error naming file and tensor.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void parse();
  std::string name_;
  std::span<const std::byte> map_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A folder with model.safetensors, or with shards named by model.safetensors.index.json. Shards
/// are opened when a tensor of theirs is first asked for. Not thread-safe.
class Checkpoint {
 public:
  /// Throws Error when the folder holds neither, or the index is damaged.
  explicit Checkpoint(std::filesystem::path folder);

  bool has(std::string_view name) const;
  /// Throws Error when the tensor is absent or its shard is damaged.
  const TensorView& tensor(std::string_view name);
  std::vector<std::string> names() const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  const SafetensorsFile& shard(const std::string& file);

  std::filesystem::path folder_;
  std::map<std::string, std::string, std::less<>> file_of_;
  std::map<std::string, std::unique_ptr<SafetensorsFile>> shards_;
};

/// A tensor to be written.
struct TensorData {
  std::string name;
  DType type = DType::F32;
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> bytes;
};
/// `values` as an F32 tensor.
TensorData float_tensor(std::string name, std::vector<std::uint64_t> shape,
                        std::span<const float> values);

/// Writes a file that SafetensorsFile reads back. Throws Error (sizes that do not fit the shape,
/// two tensors of one name, disk full).
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorData>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace moescope::runtime
