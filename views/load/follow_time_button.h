// The switch that lets the load windows follow the visible time.
#pragma once

#include <QToolButton>

#include "views/workspace/documents/load_document.h"

namespace moescope {

/// Hidden where loads and trace have no clock in common.
class FollowTimeButton : public QToolButton {
  Q_OBJECT

 public:
  explicit FollowTimeButton(LoadDocument& document, QWidget* parent = nullptr);

 private:
  void refresh();

  LoadDocument& document_;
};

}  // namespace moescope
