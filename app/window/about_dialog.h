// What this program is, its version, and the licences of what it is built from.
#pragma once

#include <QDialog>

namespace moescope {

class AboutDialog : public QDialog {
  Q_OBJECT

 public:
  explicit AboutDialog(QWidget* parent = nullptr);
};

}  // namespace moescope
