#include "core/import/bytes/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/error.h"
#include "core/import/bytes/gunzip.h"
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
  explicit GzipSource(std::unique_ptr<FileSource> file) : file_(std::move(file)) {}

  std::size_t read(char* into, std::size_t size) override {
    buffers_.out = into;
    buffers_.out_size = size;
    while (!ended_ && buffers_.out_size > 0) decompress_some();
    return size - buffers_.out_size;
  }
  double fraction() const override { return file_->fraction(); }
  std::vector<std::string> warnings() const override { return warnings_; }
  bool compressed() const override { return true; }

 private:
  void end(const char* warning) {
    ended_ = true;
    if (warning) warnings_.emplace_back(warning);
  }
  void decompress_some() {
    if (buffers_.in_size == 0) {
      buffers_.in = input_.data();
      buffers_.in_size = file_->read(input_.data(), input_.size());
    }
    if (buffers_.in_size == 0)
      return end(in_member_ ? "the gzip stream is cut off; what came before it was read" : nullptr);
    // A short tail is too little for a decompressor to know that it is no member.
    if (!in_member_ && *buffers_.in != '\x1f')
      return end("bytes after the end of the gzip stream were ignored");
    in_member_ = true;
    const char* const filled = buffers_.out;
    const auto outcome = gunzip_->run(buffers_);
    has_bytes_ |= buffers_.out != filled;
    if (outcome == Gunzip::Outcome::Damaged)
      return end(has_bytes_ || members_ == 0
                     ? "the gzip stream is damaged; what came before the damage was read"
                     : "bytes after the end of the gzip stream were ignored");
    if (outcome != Gunzip::Outcome::MemberEnd) return;
    in_member_ = has_bytes_ = false;
    ++members_;
  }

  std::unique_ptr<FileSource> file_;
  std::unique_ptr<Gunzip> gunzip_ = make_gunzip();
  std::vector<char> input_ = std::vector<char>(std::size_t{1} << 18);
  Gunzip::Buffers buffers_;
  bool ended_ = false;
  bool in_member_ = false;  ///< some of a member's bytes were read
  bool has_bytes_ = false;  ///< and some of it came out
  int members_ = 0;         ///< that ended
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
