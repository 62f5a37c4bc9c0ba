// What the engine says about requests, steps and plan changes, for figures and recordings. Times in
// ns of the steady clock.
#pragma once

#include <cstdint>
#include <string>

#include "gpu/base/unit_kind.h"

namespace moescope::runtime {

constexpr int kDevice = 0;  ///< of a rank, in its recording

/// A request that is done.
struct RequestRecord {
  std::uint64_t id = 0;
  int topic = 0, prompt = 0, output = 0;
  std::int64_t arrival = 0, first_token = 0, last_token = 0;
  bool in_target = false;  ///< met the service level
  double ttft() const { return static_cast<double>(first_token - arrival) / 1e9; }
  /// Seconds for each token after the first, 0 when there is none.
  double tpot() const {
    return output > 1 ? static_cast<double>(last_token - first_token) / 1e9 / (output - 1) : 0;
  }
};

/// One step of a unit.
struct StepRecord {
  UnitKind unit = UnitKind::Prefill;
  std::uint32_t step = 0;
  std::int64_t begin = 0, end = 0;
  int requests = 0, tokens = 0;
  std::uint64_t epoch = 0;  ///< of the plan
};

/// Tracks of the engine itself, beside those of requests and steps.
enum class EngineTrack : std::uint8_t { PlanChanges, PrefillBudget, DecodeBudget, Hangs };
inline constexpr int kEngineTracks = 4;

/// Something that the engine did or saw; `args` is a JSON object. On a track in order of begin.
struct EngineSpan {
  EngineTrack track = EngineTrack::PlanChanges;
  std::string name, args;
  std::int64_t begin = 0, end = 0;
};

}  // namespace moescope::runtime
