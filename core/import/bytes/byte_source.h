// Bytes of a file in order, decompressed when the content is gzip, whatever the file name.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace moescope {

/// Reads forward only, so that a file that shrinks or grows meanwhile just ends earlier or later.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills up to `size` bytes; fewer only at the end, then 0. Throws Error on a read error.
  virtual std::size_t read(char* into, std::size_t size) = 0;
  /// Fraction of the file on disk that was consumed, in [0, 1].
  virtual double fraction() const = 0;
  /// Problems of the container (truncated, damaged), for the user; reading goes on regardless.
  virtual std::vector<std::string> warnings() const { return {}; }
  virtual bool compressed() const { return false; }
};

/// Opens `path`. Throws Error when it is missing, not readable or a directory.
std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path);

}  // namespace moescope
