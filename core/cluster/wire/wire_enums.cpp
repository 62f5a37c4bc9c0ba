#include "core/cluster/wire/wire_enums.h"

#include <utility>

namespace moescope {
namespace {

template <typename Value, typename Number>
using Pair = std::pair<Value, Number>;

constexpr Pair<PeerRole, wire::Role> kRoles[] = {{PeerRole::Viewer, wire::ROLE_VIEWER},
                                                 {PeerRole::Operator, wire::ROLE_OPERATOR}};
constexpr Pair<PlanPhase, wire::PlanPhase> kPhases[] = {
    {PlanPhase::Proposed, wire::PLAN_PHASE_PROPOSED},
    {PlanPhase::Preparing, wire::PLAN_PHASE_PREPARING},
    {PlanPhase::Committing, wire::PLAN_PHASE_COMMITTING},
    {PlanPhase::Verifying, wire::PLAN_PHASE_VERIFYING},
    {PlanPhase::Holding, wire::PLAN_PHASE_HOLDING},
    {PlanPhase::Released, wire::PLAN_PHASE_RELEASED},
    {PlanPhase::RolledBack, wire::PLAN_PHASE_ROLLED_BACK},
    {PlanPhase::Refused, wire::PLAN_PHASE_REFUSED}};
constexpr Pair<UnitKind, wire::UnitKind> kUnits[] = {{UnitKind::Prefill, wire::UNIT_KIND_PREFILL},
                                                     {UnitKind::Decode, wire::UNIT_KIND_DECODE},
                                                     {UnitKind::Mixed, wire::UNIT_KIND_MIXED}};
constexpr Pair<HangReason, wire::HangReason> kReasons[] = {
    {HangReason::Stopped, wire::HANG_REASON_STOPPED},
    {HangReason::Silent, wire::HANG_REASON_SILENT},
    {HangReason::Blocked, wire::HANG_REASON_BLOCKED},
    {HangReason::Computes, wire::HANG_REASON_COMPUTES}};
constexpr Pair<RecordedDetail, wire::RecordedDetail> kDetails[] = {
    {RecordedDetail::Spans, wire::RECORDED_DETAIL_SPANS},
    {RecordedDetail::Steps, wire::RECORDED_DETAIL_STEPS}};
constexpr Pair<LossKind, wire::LossKind> kLosses[] = {
    {LossKind::DroppedSpans, wire::LOSS_KIND_DROPPED_SPANS},
    {LossKind::DroppedSmRecords, wire::LOSS_KIND_DROPPED_SM_RECORDS},
    {LossKind::DroppedLoads, wire::LOSS_KIND_DROPPED_LOADS},
    {LossKind::DroppedCounters, wire::LOSS_KIND_DROPPED_COUNTERS},
    {LossKind::DroppedNotes, wire::LOSS_KIND_DROPPED_NOTES},
    {LossKind::ReducedDetail, wire::LOSS_KIND_REDUCED_DETAIL},
    {LossKind::Disconnected, wire::LOSS_KIND_DISCONNECTED}};

template <typename Value, typename Number, std::size_t Count>
Number number_of(const Pair<Value, Number> (&pairs)[Count], Value value) {
  for (const auto& [known, number] : pairs)
    if (known == value) return number;
  return Number();
}

template <typename Value, typename Number, std::size_t Count>
std::optional<Value> value_of(const Pair<Value, Number> (&pairs)[Count], Number number) {
  for (const auto& [value, known] : pairs)
    if (known == number) return value;
  return std::nullopt;
}

}  // namespace

wire::Role wire_number(PeerRole role) {
  return number_of(kRoles, role);
}
wire::PlanPhase wire_number(PlanPhase phase) {
  return number_of(kPhases, phase);
}
wire::UnitKind wire_number(UnitKind kind) {
  return number_of(kUnits, kind);
}
wire::HangReason wire_number(HangReason reason) {
  return number_of(kReasons, reason);
}
wire::RecordedDetail wire_number(RecordedDetail detail) {
  return number_of(kDetails, detail);
}
wire::LossKind wire_number(LossKind kind) {
  return number_of(kLosses, kind);
}

std::optional<PeerRole> from_wire(wire::Role number) {
  return value_of(kRoles, number);
}
std::optional<PlanPhase> from_wire(wire::PlanPhase number) {
  return value_of(kPhases, number);
}
std::optional<UnitKind> from_wire(wire::UnitKind number) {
  return value_of(kUnits, number);
}
std::optional<HangReason> from_wire(wire::HangReason number) {
  return value_of(kReasons, number);
}
std::optional<RecordedDetail> from_wire(wire::RecordedDetail number) {
  return value_of(kDetails, number);
}
std::optional<LossKind> from_wire(wire::LossKind number) {
  return value_of(kLosses, number);
}

}  // namespace moescope
