// Files of named arrays: 8-byte header length, JSON header, raw little-endian data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace moescope {

/// Reads arrays one at a time; every size is checked against the file before memory is taken.
class SafetensorsFile {
 public:
  struct Array {
    std::string type;  ///< "I32", "I64", "U8", ...
    std::vector<std::size_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< bytes of the data part
    std::size_t values() const;
  };

  /// Throws Error when the file cannot be read or its header is damaged.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, Array>& arrays() const { return arrays_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool contains(const std::string& name) const { return arrays_.count(name) != 0; }
  const Array& array(const std::string& name) const;
  /// Integer values; throws Error for other types, more than `limit` values, or a cut off file.
  std::vector<std::int64_t> integers(const std::string& name, std::size_t limit);

 private:
  void read_header(const std::string& text);

  std::string source_;
  std::ifstream file_;
  std::uint64_t data_begin_ = 0, data_size_ = 0;
  std::map<std::string, Array> arrays_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace moescope
