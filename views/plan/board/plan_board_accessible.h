// The slots of the drawn board in the accessibility tree.
#pragma once

namespace moescope {

class PlanBoard;

/// Registers the accessible interface of boards with Qt. Further calls do nothing.
void install_plan_accessibility();
/// Notifies screen readers that this slot has the keyboard focus.
void notify_slot_focus(PlanBoard* board, int slot);

}  // namespace moescope
