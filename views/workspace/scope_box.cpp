#include "views/workspace/scope_box.h"

#include "views/common/units.h"

namespace moescope {

QString scope_text(const Selection& selection) {
  switch (selection.scope()) {
    case FigureScope::Trace:
      return ScopeBox::tr("Whole trace");
    case FigureScope::Visible:
      return ScopeBox::tr("Visible range, %1").arg(format_time(selection.range().length()));
    case FigureScope::Selected:
      return ScopeBox::tr("Selected area, %1, all streams of its devices")
          .arg(format_time(selection.area()->range.length()));
  }
  return {};
}

ScopeBox::ScopeBox(Selection& selection, QWidget* parent)
    : QComboBox(parent), selection_(selection) {
  setObjectName("scopeBox");
  setAccessibleName(tr("What figures are of"));
  setToolTip(
      tr("What the figures of headline, overlap, SMs and statistics are of: the whole trace, the "
         "visible range, or the selected area"));
  refill();
  connect(&selection, &Selection::selectionChanged, this, &ScopeBox::refill);
  connect(&selection, &Selection::scopeChanged, this, &ScopeBox::refill);
  connect(this, &QComboBox::activated, this,
          [this] { selection_.setScope(static_cast<FigureScope>(currentData().toInt())); });
}

void ScopeBox::refill() {
  const bool area = selection_.area().has_value();
  if (count() != (area ? 3 : 2)) {
    clear();
    addItem(tr("Whole trace"), static_cast<int>(FigureScope::Trace));
    addItem(tr("Visible range"), static_cast<int>(FigureScope::Visible));
    if (area) addItem(tr("Selected area"), static_cast<int>(FigureScope::Selected));
  }
  setCurrentIndex(findData(static_cast<int>(selection_.scope())));
}

}  // namespace moescope
