#include "views/common/destructive_action.h"

namespace moescope {
namespace {
constexpr auto kProperty = "destructive";
}

QAction* mark_destructive(QAction* action) {
  action->setProperty(kProperty, true);
  return action;
}

bool is_destructive(const QAction& action) {
  return action.property(kProperty).toBool();
}

}  // namespace moescope
