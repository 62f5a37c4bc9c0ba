// The views of a trace as docks.
#pragma once

#include "app/window/docks/dock_layout.h"
#include "views/workspace/document.h"
#include "views/workspace/view_context.h"

namespace moescope {

/// Adds the docks that draw the trace.
void add_trace_views(DockLayout& layout, Document& document, ViewContext& context);

}  // namespace moescope
