#include "app/commands/node_watch.h"

#include <unistd.h>

#include <cerrno>
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
                   const std::filesystem::path& recording, std::chrono::duration<double> seconds,
                   std::chrono::duration<double> settle, const char* doing) {
  using Clock = std::chrono::steady_clock;
  LiveSource source(client, {.recording = recording});
  ImbalanceMeter meter;
  const auto begin = Clock::now();
  bool settled = false;
  for (std::chrono::duration<double> passed{}; passed < seconds; passed = Clock::now() - begin) {
    command_progress().report(passed / seconds, doing);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const LiveState state = source.state();
    if (state == LiveState::Lost || state == LiveState::Ended)
      throw Error(client->target(), "", "the node was lost: " + source.snapshot()->reason);
    const auto imbalance = mean_imbalance(client->status());
    if (!settled && passed > settle && meter.add(imbalance)) {
      settled = true;
      meter = {};
    }
    meter.add(imbalance);
  }
  source.stop();
  if (const auto& error = source.snapshot()->recording_error; !error.empty())
    throw Error(recording.string(), "", "recording stopped: " + error);
  return {recording, meter.mean()};
}

}  // namespace moescope
