// Enums and their numbers on the wire. Only for files that use gRPC.
#pragma once

#include <optional>

#include "core/cluster/wire/cluster.pb.h"
#include "core/cluster/wire/node_types.h"
#include "core/trace/losses.h"

namespace moescope {

wire::Role wire_number(PeerRole role);
wire::PlanPhase wire_number(PlanPhase phase);
wire::UnitKind wire_number(UnitKind kind);
wire::HangReason wire_number(HangReason reason);
wire::RecordedDetail wire_number(RecordedDetail detail);
wire::LossKind wire_number(LossKind kind);

/// The value of a number; nullopt for "unspecified" and for numbers that this program does not
/// know.
std::optional<PeerRole> from_wire(wire::Role number);
std::optional<PlanPhase> from_wire(wire::PlanPhase number);
std::optional<UnitKind> from_wire(wire::UnitKind number);
std::optional<HangReason> from_wire(wire::HangReason number);
std::optional<RecordedDetail> from_wire(wire::RecordedDetail number);
std::optional<LossKind> from_wire(wire::LossKind number);

}  // namespace moescope
