#include "core/import/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/input_file.h"

namespace moescope {
namespace {

Error io_error(const std::string& path, const std::string& what, int code) {
  const char* remedy = code == EACCES   ? "Check the permissions of the file"
                       : code == ENOENT ? "Check the path"
                                        : "";
  return Error(path, "", what + ": " + std::strerror(code), remedy);
}

/// A file descriptor that is read to its end.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path) : path_(path.string()) {
    refuse_special_file(path);
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) throw io_error(path_, "cannot open the file", errno);
    struct stat status {};
    if (::fstat(fd_, &status) == 0) {
      directory_ = S_ISDIR(status.st_mode);
      size_ = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    }
    if (directory_) {
      ::close(fd_);
      throw Error(path_, "", "is a directory, expected a trace file");
    }
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::size_t read(char* into, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const auto n = ::read(fd_, into + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw io_error(path_, "cannot read the file", errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    position_ += done;
    return done;
  }
  double fraction() const override {
    if (size_ == 0) return 1;
    return std::min(1.0, static_cast<double>(position_) / static_cast<double>(size_));
  }
  void rewind() {
    ::lseek(fd_, 0, SEEK_SET);
    position_ = 0;
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool directory_ = false;
  std::uint64_t size_ = 0, position_ = 0;
};

/// gzip members one after the other, decompressed.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<FileSource> file) : file_(std::move(file)) {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw Error("", "", "cannot start zlib");
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* into, std::size_t size) override {
    size = std::min<std::size_t>(size, std::numeric_limits<uInt>::max());
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (!ended_ && stream_.avail_out > 0) inflate_some();
    return size - stream_.avail_out;
  }
  double fraction() const override { return file_->fraction(); }
  std::vector<std::string> warnings() const override { return warnings_; }
  bool compressed() const override { return true; }

 private:
  static constexpr int kGzipWindow = 15 + 16;

  void refill() {
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(file_->read(input_.data(), input_.size()));
  }
  void end(const char* warning) {
    ended_ = true;
    if (warning) warnings_.emplace_back(warning);
  }
  void inflate_some() {
    if (stream_.avail_in == 0) refill();
    if (stream_.avail_in == 0)
      return end(between_members_ ? nullptr
                                  : "the gzip stream is cut off; what came before it was read");
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      between_members_ = true;
      inflateReset(&stream_);
    } else if (code == Z_DATA_ERROR && between_members_) {
      end("bytes after the end of the gzip stream were ignored");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      end("the gzip stream is damaged; what came before the damage was read");
    } else if (stream_.total_out > 0) {
      between_members_ = false;
    }
  }

  std::unique_ptr<FileSource> file_;
  std::vector<char> input_ = std::vector<char>(std::size_t{1} << 18);
  z_stream stream_{};
  bool ended_ = false, between_members_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace

std::unique_ptr<ByteSource> open_byte_source(const std::filesystem::path& path) {
  auto file = std::make_unique<FileSource>(path);
  std::array<char, 3> magic{};
  const std::size_t n = file->read(magic.data(), magic.size());
  file->rewind();
  if (n == magic.size() && magic[0] == '\x1f' && magic[1] == '\x8b' && magic[2] == 8)
    return std::make_unique<GzipSource>(std::move(file));
  return file;
}

}  // namespace moescope
