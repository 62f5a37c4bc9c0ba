#include "views/views.h"

namespace moescope {

#define MOESCOPE_VIEW(name) ViewSpec name##_view();
#include "views/views.inc"
#undef MOESCOPE_VIEW

std::vector<ViewSpec> all_views() {
  return {
#define MOESCOPE_VIEW(name) name##_view(),
#include "views/views.inc"
#undef MOESCOPE_VIEW
  };
}

}  // namespace moescope
