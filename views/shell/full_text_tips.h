// Text that is cut for want of room can be read in full by pointing at it.
#pragma once

#include <QObject>

namespace moescope {

/// Shows the whole text of elided cells, column titles, fields and choices of every view in their
/// tooltip, before what that says. One for the program, installed on the application.
class FullTextTips : public QObject {
  Q_OBJECT

 public:
  explicit FullTextTips(QObject* parent);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
};

}  // namespace moescope
