// The views of a trace as docks.
#pragma once

#include "app/window/dock_layout.h"
#include "views/common/document.h"
#include "views/common/view_context.h"

namespace moescope {

/// Adds the docks that draw the trace.
void add_trace_views(DockLayout& layout, Document& document, ViewContext& context);

}  // namespace moescope
