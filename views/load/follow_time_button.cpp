#include "views/load/follow_time_button.h"

namespace moescope {

FollowTimeButton::FollowTimeButton(LoadDocument& document, QWidget* parent)
    : QToolButton(parent), document_(document) {
  setObjectName("loadFollowTime");
  setText(tr("Visible time"));
  setCheckable(true);
  setToolTip(
      tr("Sum over the windows that lie in the visible time of the trace, and move on with it; "
         "choosing windows by hand ends it"));
  connect(this, &QToolButton::clicked, this,
          [this](bool checked) { document_.setFollowsTime(checked); });
  connect(&document_, &LoadDocument::followsTimeChanged, this, &FollowTimeButton::refresh);
  refresh();
}

void FollowTimeButton::refresh() {
  const auto follows = document_.followsTime();
  setVisible(follows.has_value());
  setChecked(follows.value_or(false));
}

}  // namespace moescope
