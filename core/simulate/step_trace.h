// Simulated stages as spans of a .moetrace, with the names, arguments and tracks of a recording.
#pragma once

#include <array>
#include <vector>

#include "core/simulate/step/step_model.h"
#include "core/trace/file/moetrace_writer.h"

namespace moescope {

class StepTrace {
 public:
  /// Writes processes, devices, tracks, facts and the plan.
  StepTrace(MoetraceWriter& writer, const Scenario& scenario, const StepModel& model);

  void add(const StageSpan& span) { spans_.push_back(span); }
  /// Ends a step: its spans, annotations and loads are written.
  /// @param batches of its micro-batches
  void end_step(int step, TimeRange time, const std::vector<SlotTokens>& batches);

 private:
  struct Tracks {
    TrackId compute = 0, communication = 0;
    std::array<TrackId, 2> layers{};  ///< by micro-batch
  };
  void add_gpu(int gpu);
  void write_info();
  LaunchId launch_of(const StageSpan& span);
  std::string arguments(const StageSpan& span, int step) const;
  void write_gpu(const std::vector<StageSpan>& spans, int step);
  void write_loads(TimeRange time, const std::vector<SlotTokens>& batches);
  int layer_id(int layer) const;

  MoetraceWriter& writer_;
  const Scenario& s_;
  const StepModel& model_;
  SmShares sms_;
  std::vector<Tracks> tracks_;  ///< [gpu]
  TrackId step_track_ = 0;
  std::vector<StageSpan> spans_;
  const std::vector<SlotTokens>* batches_ = nullptr;  ///< of the step that is written
};

}  // namespace moescope
