// The views of expert loads and balance as docks, and how they share the window with a trace.
#pragma once

#include "app/window/docks/dock_layout.h"
#include "views/workspace/load_document.h"

namespace moescope {

/// Adds the docks "Expert load" and "Balance".
void add_load_views(DockLayout& layout, LoadDocument& loads);
/// "r1.json: 12 windows, 58 layers, 256 experts, SGLang recorder (stat)", for the status line.
QString describe_loads(const LoadDocument& loads);

}  // namespace moescope
