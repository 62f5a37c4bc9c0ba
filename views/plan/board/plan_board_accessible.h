// The slots of the drawn board in the accessibility tree.
#pragma once

namespace moescope {

class PlanBoard;

/// Makes Qt ask us for the accessible form of boards. Once a program; further calls do nothing.
void install_plan_accessibility();
/// Tells screen readers that the keyboard is on this slot now.
void notify_slot_focus(PlanBoard* board, int slot);

}  // namespace moescope
