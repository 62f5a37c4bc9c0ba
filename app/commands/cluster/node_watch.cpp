#include "app/commands/cluster/node_watch.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "app/commands/command.h"
#include "core/cluster/live_source.h"
#include "core/cluster/node_engine.h"
#include "core/error.h"

namespace moescope {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "moescope-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw Error(name, "", std::generic_category().message(errno),
                "Set TMPDIR to a folder with room");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Watched watch_node(const std::shared_ptr<ClusterClient>& client,
                   const std::filesystem::path& recording, TimeNs seconds, TimeNs settle,
                   const char* doing) {
  using Clock = std::chrono::steady_clock;
  LiveSource source(client, {.recording = recording});
  SettledImbalance imbalance(settle, seconds);
  const auto begin = Clock::now();
  const auto passed = [begin] {
    return TimeNs{std::chrono::nanoseconds(Clock::now() - begin).count()};
  };
  const TimeNs end = settle + seconds;
  while (passed() < end) {
    command_progress().report(static_cast<double>(passed()) / static_cast<double>(end), doing);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const LiveState state = source.state();
    if (state == LiveState::Lost || state == LiveState::Ended)
      throw Error(client->target(), "", "the node was lost: " + source.snapshot()->reason);
    imbalance.add(passed(), mean_imbalance(client->status()));
  }
  source.stop();
  if (const auto& error = source.snapshot()->recording_error; !error.empty())
    throw Error(recording.string(), "", "recording stopped: " + error);
  return {recording, imbalance.mean()};
}

}  // namespace moescope
