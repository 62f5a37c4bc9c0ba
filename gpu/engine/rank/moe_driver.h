// Runs a rank's rows through the experts of an MoE layer: dispatch, experts, combine. The only
// place that defines these calls and their order, for every backend.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gpu/base/span_record.h"
#include "gpu/comm/exchange/exchange.h"
#include "gpu/compute/operators.h"
#include "gpu/engine/rank/schedule.h"

namespace moescope::runtime {

enum class MoeStage : std::uint8_t {
  Send,
  Forward,
  Receive,
  Group,
  Experts,
  Return,
  Reduce,
  Await,
  Collect
};

/// A stage, the part of the schedule that it belongs to and the span that records it.
struct MoeStep {
  MoeStage stage;
  Part part;
  SpanName span;
};

/// All stages in order.
inline constexpr std::array kMoeSteps = {
    MoeStep{MoeStage::Send, Part::Dispatch, SpanName::Dispatch},
    MoeStep{MoeStage::Forward, Part::Dispatch, SpanName::DispatchForward},
    MoeStep{MoeStage::Receive, Part::Dispatch, SpanName::DispatchWait},
    MoeStep{MoeStage::Group, Part::Experts, SpanName::Experts},
    MoeStep{MoeStage::Experts, Part::Experts, SpanName::Experts},
    MoeStep{MoeStage::Return, Part::Combine, SpanName::Combine},
    MoeStep{MoeStage::Reduce, Part::Combine, SpanName::CombineReduce},
    MoeStep{MoeStage::Await, Part::Combine, SpanName::CombineWait},
    MoeStep{MoeStage::Collect, Part::Combine, SpanName::Combine}};

/// Input and output of a rank in a layer, in memory of the operators.
struct MoeRows {
  const float* x = nullptr;          ///< [row][hidden]
  Choices choices;                   ///< of every row
  std::uint32_t epoch = 0;           ///< of the plan that chose the slots
  std::span<const MlpView> experts;  ///< of the local slots; by Experts
  float* outputs = nullptr;          ///< [arrived row][hidden]; by Experts
  float* sum = nullptr;              ///< [row][hidden], what combine gives; by Collect
  ArrivedRows arrived;               ///< what Group found
};

/// Drives one rank; with several ranks on one device, all finish a stage before any starts the
/// next.
class MoeDriver {
 public:
  MoeDriver(const MoeOperators& operators, Exchange& exchange)
      : operators_(operators), exchange_(exchange) {}

  /// False for stages that the exchange's layout does without.
  bool has(MoeStage stage) const;
  /// Does a stage of `member` with workers of the stream that the stage's part is on.
  void run(MoeStage stage, int member, MoeRows& rows, Team& team) const;

 private:
  const MoeOperators& operators_;
  Exchange& exchange_;
};

}  // namespace moescope::runtime
