// The window as a program with the runtime as its child: whichever of the two is killed, nothing is
// left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "core/trace/file/moetrace.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

/// Patient: the model is made first, and machines are busy.
bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// The first child of a process; 0 when it has none.
pid_t child_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  pid_t child = 0;
  file >> child;
  return child;
}

/// It runs; one that nobody waited for yet does not.
bool runs(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string id, name, state;
  return static_cast<bool>(file >> id >> name >> state) && state != "Z";
}

TEST(LiveProgram, AKilledWindowTakesTheRuntimeAlongAndTheRecordingOpens) {
  const test::TempFolder home;
  for (const char* place : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"})
    setenv(place, home.path().c_str(), 1);
  test::StartedProgram window({MOESCOPE_PROGRAM, "--live"});
  for (const char* place : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"})
    unsetenv(place);
  pid_t node = 0;
  ASSERT_TRUE(eventually([&] { return (node = child_of(window.pid())) != 0; }));
  std::filesystem::path recording;
  const auto recorded = [&] {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home.path()))
      if (entry.path().extension() == ".moetrace") recording = entry.path();
    try {
      return !recording.empty() && open_moetrace(recording)->span_count() > 0;
    } catch (const std::exception&) {
      return false;  // it is just being made
    }
  };
  ASSERT_TRUE(eventually(recorded));
  ASSERT_TRUE(runs(node));
  kill(window.pid(), SIGKILL);
  window.result();
  EXPECT_TRUE(eventually([&] { return !runs(node); })) << "process " << node;
  EXPECT_GT(open_moetrace(recording)->span_count(), 0U);
}

}  // namespace
}  // namespace moescope
