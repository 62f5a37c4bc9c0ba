#include "gpu/engine/rank/moe_driver.h"

namespace moescope::runtime {

bool MoeDriver::has(MoeStage stage) const {
  const ExchangeWire& wire = exchange_.wire();
  if (stage == MoeStage::Forward) return wire.per_node() && wire.group.nodes > 1;
  return stage != MoeStage::Reduce || wire.by_node();
}

void MoeDriver::run(MoeStage stage, int member, MoeRows& rows, Team& team) const {
  switch (stage) {
    case MoeStage::Send:
      return exchange_.send(member, rows.x, rows.choices, rows.epoch, team);
    case MoeStage::Forward:
      return exchange_.forward(member, team);
    case MoeStage::Receive:
      return exchange_.receive(member, team);
    case MoeStage::Group:
      rows.arrived = exchange_.group(member, team);
      return;
    case MoeStage::Experts:
      return operators_.experts({rows.experts, rows.arrived.offsets}, rows.arrived.x, rows.outputs,
                                team);
    case MoeStage::Return:
      return exchange_.return_outputs(member, rows.outputs, team);
    case MoeStage::Reduce:
      return exchange_.reduce_node(member, team);
    case MoeStage::Await:
      return exchange_.await_outputs(member, team);
    case MoeStage::Collect:
      return exchange_.collect(member, rows.sum, team);
  }
}

}  // namespace moescope::runtime
