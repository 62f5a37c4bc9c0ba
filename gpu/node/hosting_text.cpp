#include "gpu/node/hosting_text.h"

#include <fmt/format.h>

#include "gpu/comm/memory/remote_memory.h"

namespace moescope::runtime {

std::string processes_text(Processes* processes) {
  if (processes == nullptr) return "1";
  const bool one = processes->hosts() == 1;
  return fmt::format("{} on {} host{} under MPI, {}", processes->size(), processes->hosts(),
                     one ? "" : "s",
                     processes->remote() == nullptr ? "their memory shared" : "by messages");
}

std::string clock_text(Processes* processes, bool at_end) {
  if (processes == nullptr || processes->remote() == nullptr)
    return "steady clock of one host, no alignment needed";
  std::string text = "steady clock of the first process";
  for (int process = 1; process < processes->size(); ++process) {
    const RemoteMemory& remote = *processes->remote();
    const ClockOffset start = remote.clock_at_start(process);
    text += fmt::format("; that of process {} is {} +- {} ns ahead", process, start.offset,
                        start.error);
    if (!at_end) continue;
    const ClockOffset end = remote.clock_now(process);
    text += fmt::format(", at the end {:+} +- {} ns more", end.offset - start.offset, end.error);
  }
  return text;
}

}  // namespace moescope::runtime
