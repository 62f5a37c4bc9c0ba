// The table of views. A new one is a folder with NAME_view() in NAME_spec.cpp, and a line in
// views.inc.
#pragma once

#include <vector>

#include "views/workspace/view_spec.h"

namespace moescope {

/// All views in the order of menus and tabs, which is that of views.inc.
std::vector<ViewSpec> all_views();

}  // namespace moescope
