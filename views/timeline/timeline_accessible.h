// The rows of the drawn timeline in the accessibility tree: screen readers see them as a tree.
#pragma once

namespace moescope {

/// Makes Qt ask us for the accessible form of timelines. Once a program; further calls do nothing.
void install_timeline_accessibility();

}  // namespace moescope
