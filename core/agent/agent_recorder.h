// What a serving engine does, as a recording: loads, plans, moves of experts, imbalance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/agent/engine/engine_watch.h"
#include "core/cluster/scrape/engine_figures.h"
#include "core/trace/file/recording_sink.h"

namespace moescope {

/// Calls come from one thread at a time.
class AgentRecorder final : public EngineListener {
 public:
  /// @param start on the agent's clock, s: time 0 of the recording
  AgentRecorder(RecordingSink& sink, double start) : sink_(sink), start_(start) {}

  void engine_known(const RankHello& lead) override;
  void plan_in_force(std::uint64_t epoch, const std::string& name, const Plan& plan,
                     double now) override;
  void rank_moved(int rank, const std::string& what, std::int64_t slots, double begin,
                  double end) override;
  void loads_between(const std::vector<int>& layers,
                     const std::vector<std::vector<std::uint64_t>>& tokens, double imbalance,
                     double begin, double end) override;
  /// Figures of the engine's own metrics, as counters.
  void served(const ScrapedEngine& engine, double now);

 private:
  TimeNs time(double seconds) const;

  RecordingSink& sink_;
  double start_;
  ProcessId engine_ = 0;
  std::vector<TrackId> tracks_;       ///< by rank
  std::map<int, TimeNs> last_begin_;  ///< of the spans of a rank
};

}  // namespace moescope
