#include "gpu/engine/device/device_operators.h"

namespace moescope::runtime {

DeviceOperators::DeviceOperators(Launcher& launcher, const ModelConfig& config, Memory& memory,
                                 const OperatorRoom& room)
    : launcher_(launcher), config_(config) {
  GateRows gate;
  gate.gate = config.gate;
  gate.experts = config.experts;
  scores_ = memory.array<float>(flat(room.tokens, gate.scratch_floats()));
  activations_ = memory.array<float>(room.arrived * static_cast<std::size_t>(config.expert_width));
}

GateRows DeviceOperators::gate_step(const RouterView& router, const float* x, int rows,
                                    RoutingView routing) const {
  return {config_.gate,       config_.experts, config_.hidden, rows,   x,
          router.weight.data, router.bias,     scores_,        routing};
}

void DeviceOperators::gate(const RouterView& router, const float* x, int rows, RoutingView routing,
                           Team& team) const {
  launcher_.run(gate_step(router, x, rows, routing), DeviceTeam::of(team).rank(), SpanName::Gate,
                team);
}

void DeviceOperators::weigh(const RouterView& router, const float* x, int rows, RoutingView routing,
                            Team& team) const {
  launcher_.run(WeighRows{gate_step(router, x, rows, routing)}, DeviceTeam::of(team).rank(),
                SpanName::Gate, team);
}

void DeviceOperators::choose_slots(const ReplicaView& plan, RoutingView routing,
                                   const std::uint64_t* keys, int rows, Choice* choices,
                                   std::uint32_t* loads, Team& team) const {
  launcher_.run(ChooseSlots{plan, routing, keys, rows, choices, loads}, DeviceTeam::of(team).rank(),
                SpanName::Gate, team);
}

void DeviceOperators::experts(const ExpertRows& groups, const float* x, float* y,
                              Team& team) const {
  const int rank = DeviceTeam::of(team).rank();
  const RowGroups rows{groups.experts.data(), groups.offsets,
                       static_cast<int>(groups.experts.size()), 0};
  const int hidden = config_.hidden, width = config_.expert_width;
  launcher_.run(MlpUp{rows, hidden, width, x, activations_}, rank, SpanName::Experts, team);
  launcher_.run(MlpDown{rows, hidden, width, activations_, y}, rank, SpanName::Experts, team);
}

}  // namespace moescope::runtime
