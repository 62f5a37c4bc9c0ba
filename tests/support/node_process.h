// A moescope-node that runs beside the test as a process of its own.
#pragma once

#include <fcntl.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/run_program.h"

namespace moescope::test {

class NodeProcess {
 public:
  /// Small enough for a busy machine: four ranks on one node. Listens in `folder`.
  explicit NodeProcess(const TempFolder& folder, std::vector<std::string> more = {})
      : folder_(folder) {
    std::vector<std::string> arguments = {
        (std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node").string(),
        "--ranks",
        "4",
        "--nodes",
        "1",
        "--workload",
        "rate=10",
        "--listen",
        target()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      if (freopen((folder / "node.out").c_str(), "w", stdout) == nullptr ||
          freopen((folder / "node.err").c_str(), "w", stderr) == nullptr)
        _exit(126);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  ~NodeProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  std::filesystem::path socket() const { return folder_.path() / "private" / "node"; }
  std::string target() const { return "unix:" + socket().string(); }
  /// True when it answers, within a minute: sanitizers and busy machines are slow.
  bool ready() const {
    for (int i = 0; i < 600; ++i) {
      if (run_moescope({"status", target()}).exit_code == 0) return true;
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) != 0) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  void signal(int number) { ::kill(pid_, number); }
  /// Exit code, -1 when a signal ended it.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string messages() const { return read_file(folder_ / "node.err"); }

 private:
  const TempFolder& folder_;
  pid_t pid_ = -1;
};

}  // namespace moescope::test
