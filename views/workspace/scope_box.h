// The one place where it is chosen what figures are of.
#pragma once

#include <QComboBox>

#include "views/workspace/selection.h"

namespace moescope {

/// "Whole trace", "Visible range, 12.4 ms", "Selected area, 1.20 ms": as it stands beside figures.
QString scope_text(const Selection& selection);

/// Offers the scopes there are: the selected area only while one is marked.
class ScopeBox : public QComboBox {
  Q_OBJECT

 public:
  explicit ScopeBox(Selection& selection, QWidget* parent = nullptr);

 private:
  void refill();

  Selection& selection_;
};

}  // namespace moescope
