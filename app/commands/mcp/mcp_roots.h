// The folders that the tools of `moescope mcp` may read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace moescope::mcp {

/// Only what lies below the roots, with all symbolic links followed, is ever named to a tool.
class Roots {
 public:
  /// Throws Error when one is no folder.
  explicit Roots(const std::vector<std::string>& folders);

  /// The real path of a file or folder below a root. A relative path is tried in every root, in
  /// order. Throws Error when there is none, when it leads outside, or when something that opening
  /// it would read as well does: what is beside it under its name (notes, journals), or directly in
  /// the folder.
  std::filesystem::path resolve(const std::string& path) const;

  /// Files below the roots: {"roots", "files": [{"path", "bytes", "kind"}], "truncated"}. Hidden
  /// ones and links that lead outside are left out.
  /// @param below a folder, "" for all roots
  nlohmann::ordered_json list(const std::string& below) const;

 private:
  bool inside(const std::filesystem::path& real) const;
  void check_inside(const std::filesystem::path& path, const std::string& named) const;

  std::vector<std::filesystem::path> roots_;
};

}  // namespace moescope::mcp
