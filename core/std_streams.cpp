#include "core/std_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/plain_text.h"

namespace moescope {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
constexpr std::size_t kLongestSequence = 4;  // bytes of a character in UTF-8

/// One filtered stream: the descriptor below it and the begin of a character whose end is not here
/// yet.
struct Filter {
  int descriptor;
  std::string pending;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Bytes at the end of `text` that may be the begin of a character or of a line end.
std::size_t unfinished(std::string_view text) {
  if (text.ends_with('\r')) return 1;
  for (std::size_t back = 1; back < kLongestSequence && back <= text.size(); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if (c < 0x80) return 0;
    if (c < 0xc0) continue;  // the middle of one: look further back
    const std::size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

/// Writes what waited for the rest of its character, which will not come any more.
bool write_pending(Filter& filter) {
  const std::string text = std::exchange(filter.pending, {});
  return write_all(filter.descriptor, printable(text));
}

ssize_t filtered_write(void* cookie, const char* data, std::size_t size) {
  auto& filter = *static_cast<Filter*>(cookie);
  std::string text = filter.pending + std::string(data, size);
  filter.pending.assign(text, text.size() - unfinished(text));
  text.resize(text.size() - filter.pending.size());
  return write_all(filter.descriptor, printable(text)) ? static_cast<ssize_t>(size) : 0;
}

void open_if_closed(int descriptor) {
  if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) return;
  // Read only: what is printed to a closed stdout must fail, not vanish.
  [[maybe_unused]] const int opened = ::open("/dev/null", O_RDONLY);
}

/// The filter before a stream. It is never freed: streams are flushed after the last destructor.
Filter& filter_of(int descriptor) {
  static auto* const out = new Filter{STDOUT_FILENO, {}};
  static auto* const err = new Filter{STDERR_FILENO, {}};
  return descriptor == STDOUT_FILENO ? *out : *err;
}

/// A stream that filters; `under` when there is no memory for one.
FILE* filtered(FILE* under, int descriptor, int mode) {
  FILE* stream =
      ::fopencookie(&filter_of(descriptor), "w", {nullptr, filtered_write, nullptr, nullptr});
  if (stream == nullptr) return under;
  std::setvbuf(stream, nullptr, mode, kBufferBytes);
  return stream;
}

}  // namespace

void guard_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    open_if_closed(descriptor);
  stdout = filtered(stdout, STDOUT_FILENO, ::isatty(STDOUT_FILENO) != 0 ? _IOLBF : _IOFBF);
  stderr = filtered(stderr, STDERR_FILENO, _IOLBF);
}

void write_control(const char* sequence) {
  std::fflush(stderr);
  write_all(STDERR_FILENO, sequence);
}

void require_stdout() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 &&
      write_pending(filter_of(STDOUT_FILENO)))
    return;
  const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
  throw Error("standard output", "", "not all of it could be written" + reason,
              "Check free space and where it is sent to");
}

}  // namespace moescope
