// A folder of one's own for a while.
#pragma once

#include <filesystem>
#include <string>

namespace moescope {

/// An empty folder that only this user can read, removed with everything in it at the end.
class TemporaryFolder {
 public:
  /// @param name begins its name. Throws Error when it cannot be made.
  explicit TemporaryFolder(const std::string& name);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace moescope
