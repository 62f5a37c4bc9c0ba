#include "app/commands/mcp/mcp_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace moescope::mcp {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxErrorBytes = std::size_t{64} << 10;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error("moescope", "", std::string("no pipe can be made: ") + std::strerror(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int end(std::size_t i) const { return ends_.at(i); }
  void close_end(std::size_t i) {
    if (ends_.at(i) >= 0) close(ends_.at(i));
    ends_.at(i) = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// What the child does between fork() and its program; async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, const char* folder, int out, int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  const int none = open("/dev/null", O_RDONLY);
  if (chdir(folder) != 0 || dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
  execv("/proc/self/exe", argv);
  _exit(127);
}

class Child {
 public:
  Child(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
    std::vector<std::string> words = {"moescope"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string where = folder.string();
    pid_ = fork();
    if (pid_ < 0)
      throw Error("moescope", "",
                  std::string("no process can be started: ") + std::strerror(errno));
    if (pid_ == 0) become(argv.data(), where.c_str(), out_.end(1), err_.end(1));
    out_.close_end(1);
    err_.close_end(1);
  }
  ~Child() {
    if (pid_ > 0) stop();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Pipe& out() { return out_; }
  Pipe& err() { return err_; }
  /// Kills it with everything that it started.
  void stop() {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  Pipe out_, err_;
  pid_t pid_ = -1;
};

/// Appends what can be read; false at the end. What is beyond `limit` is dropped and `over` set.
bool read_some(int descriptor, std::string& into, std::size_t limit, bool& over) {
  std::array<char, 65536> block{};
  const auto n = read(descriptor, block.data(), block.size());
  if (n < 0) return errno == EINTR;
  const auto count = static_cast<std::size_t>(n);
  over = over || into.size() + count > limit;
  into.append(block.data(), std::min(count, limit - std::min(limit, into.size())));
  return n > 0;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments,
                      const std::filesystem::path& folder, const ChildLimits& limits,
                      const int& input, const std::function<bool()>& on_input) {
  Child child(arguments, folder);
  ChildResult result;
  const auto deadline = Clock::now() + std::chrono::duration<double>(limits.seconds);
  const auto ended = [&](ChildResult::End how) {
    child.stop();
    result.end = how;
    return result;
  };
  while (child.out().end(0) >= 0 || child.err().end(0) >= 0) {
    const double left = std::chrono::duration<double, std::milli>(deadline - Clock::now()).count();
    if (left <= 0) return ended(ChildResult::End::TimedOut);
    std::array<pollfd, 3> watched = {pollfd{child.out().end(0), POLLIN, 0},
                                     pollfd{child.err().end(0), POLLIN, 0},
                                     pollfd{input, POLLIN, 0}};
    if (poll(watched.data(), watched.size(), static_cast<int>(std::ceil(std::min(left, 1e6)))) < 0)
      continue;
    bool too_long = false, cut = false;
    if (watched[0].revents != 0 &&
        !read_some(watched[0].fd, result.out, limits.output_bytes, too_long))
      child.out().close_end(0);
    if (too_long) return ended(ChildResult::End::TooLong);
    if (watched[1].revents != 0 && !read_some(watched[1].fd, result.err, kMaxErrorBytes, cut))
      child.err().close_end(0);
    if (watched[2].revents != 0 && on_input()) return ended(ChildResult::End::Stopped);
  }
  const int status = child.wait();
  if (WIFEXITED(status))
    result.exit_code = WEXITSTATUS(status);
  else
    result.end = ChildResult::End::Crashed;
  return result;
}

}  // namespace moescope::mcp
