// Integer arrays of load dumps in safetensors files, read one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/safetensors_header.h"

namespace moescope {

/// Reads arrays one at a time; every size is checked against the file before memory is taken.
class SafetensorsFile {
 public:
  /// Throws Error when the file cannot be read or its header is damaged.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, SafetensorsEntry, std::less<>>& arrays() const {
    return header_.entries;
  }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  bool contains(const std::string& name) const { return header_.entries.count(name) != 0; }
  const SafetensorsEntry& array(const std::string& name) const;
  /// Integer values; throws Error for other types, more than `limit` values, or a cut off file.
  std::vector<std::int64_t> integers(const std::string& name, std::size_t limit);

 private:
  std::string source_;
  std::ifstream file_;
  std::uint64_t data_begin_ = 0;
  SafetensorsHeader header_;
};

}  // namespace moescope
