// Signs of life of all ranks: a thread of each process beats and looks at its ranks; that of the
// first process also listens to the others and reports which ranks hang.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/node/node_status.h"
#include "gpu/comm/memory/address_space.h"
#include "gpu/engine/rank_watch.h"
#include "gpu/engine/unit/unit.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {

struct VitalsParts {
  AddressSpace& space;
  std::vector<Unit*> units;
  std::vector<int> hosts;        ///< process of every rank
  Recorder* recorder = nullptr;  ///< of the first process
};

class Vitals {
 public:
  /// Between two beats. Named within 5 s: see kStopped and kSilentBeats, and StreamWatch.
  static constexpr std::chrono::milliseconds kBeat{250};
  /// A stopped process is reported after this time, ns.
  static constexpr std::int64_t kStopped = 1'000'000'000;
  /// A process whose state is not visible is reported after this many beats of the first process
  /// without one of its own: when the machine is short of processors, the first process's beats are
  /// late too.
  static constexpr int kSilentBeats = 12;

  /// Every process makes one at the same place, when its units are there.
  explicit Vitals(VitalsParts parts);
  ~Vitals();
  Vitals(const Vitals&) = delete;
  Vitals& operator=(const Vitals&) = delete;

  /// In the first process: ranks that hang now, ascending.
  std::vector<NodeHungRank> hung() const;
  /// Hangs go into the recording from `start` on, where its times begin: trial steps come before.
  void begin_recording(std::int64_t start) { recorded_from_ = start; }

 private:
  struct Own;      ///< a rank of this process and its watches
  struct Beat;     ///< what a process reports, in memory that the first one sees
  struct Process;  ///< the first one's view of another

  void run();
  void look(std::int64_t now);
  void send_beat();
  std::vector<NodeHungRank> listen(std::int64_t now);
  std::optional<HangReason> judge(int process, std::int64_t now);
  std::span<std::byte> part(int process) const;
  /// Ranks that began or ceased to hang since the last call, and those that still do, as spans.
  void record(std::int64_t now);

  VitalsParts parts_;
  int index_ = 0, processes_ = 1;
  std::vector<Own> own_;
  std::vector<std::byte> alone_;  ///< what `board_` is where there is one process
  std::span<std::byte> board_;    ///< of the first process, [process]
  std::uint64_t beats_ = 0;
  std::vector<Process> others_;
  std::atomic<std::int64_t> recorded_from_{-1};  ///< -1: nothing is recorded yet
  std::int64_t recorded_until_ = 0;
  std::vector<NodeHungRank> recorded_;  ///< reported until then

  mutable std::mutex mutex_;  ///< guards the rest
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<NodeHungRank> hung_;
  std::thread thread_;
};

}  // namespace moescope::runtime
