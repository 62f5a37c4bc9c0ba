// The one error type of core: what happened, where, and what to do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace moescope {

/// Thrown by core on bad input or a failed system call; caught once at the edge (command, job,
/// RPC).
class Error : public std::runtime_error {
 public:
  /// @param source  file, peer or table that is at fault, as the user named it
  /// @param place   position inside it ("byte 1204", "table NVTX_EVENTS", ""), may be empty
  /// @param problem what is wrong and what was expected, a sentence without a final stop
  /// @param remedy  what the user can do, in words that hold in the window too; may be empty
  /// @param options what that is on the command line ("--gpus, --nodes"), may be empty; not part
  /// of what()
  Error(std::string source, std::string place, std::string problem, std::string remedy = {},
        std::string options = {});

  const std::string& source() const noexcept { return source_; }
  const std::string& place() const noexcept { return place_; }
  const std::string& problem() const noexcept { return problem_; }
  const std::string& remedy() const noexcept { return remedy_; }
  const std::string& options() const noexcept { return options_; }
  /// what() with the options behind it, for programs that take them.
  std::string command_line_text() const;

 private:
  std::string source_, place_, problem_, remedy_, options_;
};

/// Thrown by Progress::report after the user asked to stop; nothing is wrong.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

}  // namespace moescope
