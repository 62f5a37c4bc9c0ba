// A dashed frame that invites to drop files; the window takes them.
#pragma once

#include <QFrame>

namespace moescope {

class DropArea : public QFrame {
  Q_OBJECT

 public:
  explicit DropArea(QWidget* parent = nullptr);
  /// Files are over the window.
  void setInviting(bool inviting);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  bool inviting_ = false;
};

}  // namespace moescope
