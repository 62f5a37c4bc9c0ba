// Between the plain values of node_types.h and their messages. Only for files that use gRPC.
#pragma once

#include "core/cluster/wire/cluster.pb.h"
#include "core/cluster/wire/node_types.h"

namespace moescope {

/// Metadata key of the token.
inline constexpr const char* kTokenMetadata = "moescope-token";
/// Largest message of a control call: a plan of 61 layers and 400 slots with weights has 0.6 MiB.
inline constexpr int kMaxControlBytes = 4 << 20;
/// Largest status that a node sends; clients accept a little more.
inline constexpr std::size_t kMaxStatusBytes = std::size_t{7} << 20;

/// Most notes and most fitted constants of an effect, and the longest of them.
inline constexpr int kMaxEffectTexts = 32, kMaxEffectText = 500;

void encode(const NodeStatus& status, wire::NodeStatus& out);
/// Leaves out the oldest changes, then the plans, until the message has at most `limit` bytes.
void fit_status(wire::NodeStatus& status, std::size_t limit);
void encode(const NodePlanChange& change, wire::PlanChange& out);
void encode(const PlanEffect& effect, wire::Effect& out);
void encode(const PlanOutcome& outcome, wire::PlanOutcome& out);
void encode(const PlanRequest& request, wire::ApplyRequest& out);
void encode(const NodeSettings& settings, wire::NodeSettings& out);

/// These throw Error, without a source, for an enum whose number is not known.
NodeStatus decode(const wire::NodeStatus& status);
/// Leaves out numbers that are not finite and texts beyond kMaxEffectTexts of kMaxEffectText bytes.
PlanEffect decode(const wire::Effect& effect);
NodePlanChange decode(const wire::PlanChange& change);
PlanOutcome decode(const wire::PlanOutcome& outcome);
PlanRequest decode(const wire::ApplyRequest& request);
NodeSettings decode(const wire::NodeSettings& settings);

}  // namespace moescope
