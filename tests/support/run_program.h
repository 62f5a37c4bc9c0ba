// Runs the built program as a user does and keeps what it printed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace moescope::test {

struct ProgramResult {
  int exit_code = -1;  ///< -1 when a signal ended it
  std::string out, err;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A program that runs, started without a shell; found by PATH.
class StartedProgram {
 public:
  explicit StartedProgram(std::vector<std::string> command) {
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto out = folder_ / "out", err = folder_ / "err";
    pid_ = fork();
    if (pid_ != 0) return;
    if (freopen(out.c_str(), "w", stdout) == nullptr ||
        freopen(err.c_str(), "w", stderr) == nullptr)
      _exit(126);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  pid_t pid() const { return pid_; }
  /// What it said so far.
  std::string messages() const { return read_file(folder_ / "err"); }
  /// Waits for its end.
  ProgramResult result() {
    int status = 0;
    waitpid(pid_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder_ / "out"),
            read_file(folder_ / "err")};
  }

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
};

inline ProgramResult run_program(std::vector<std::string> command) {
  return StartedProgram(std::move(command)).result();
}

/// Runs `moescope ARGUMENTS...`.
inline ProgramResult run_moescope(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), MOESCOPE_PROGRAM);
  return run_program(std::move(arguments));
}

}  // namespace moescope::test
