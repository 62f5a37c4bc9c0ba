#include "app/commands/command.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "core/std_streams.h"

namespace moescope {
namespace {
constexpr const char* kEraseToEnd = "\033[K";
bool progress_requested = false;

void print_progress(double fraction, std::string_view what) {
  if (!progress_requested && isatty(STDERR_FILENO) == 0) return;
  write_control("\r");
  std::fprintf(stderr, "%3.0f %%  %.*s", fraction * 100, static_cast<int>(what.size()),
               what.data());
  write_control(kEraseToEnd);
  if (fraction >= 1) std::fputc('\n', stderr);
  std::fflush(stderr);
}
}  // namespace

Progress& command_progress() {
  static Progress progress(print_progress);
  std::signal(SIGINT, [](int) { command_progress().cancel(); });
  return progress;
}

bool progress_wanted() {
  return progress_requested;
}

void add_common_options(CLI::App& command) {
  command.add_flag("--progress", progress_requested,
                   "Show progress on stderr even when it is not a terminal");
}

}  // namespace moescope
