// About MoEscope: description, version, and licences of its libraries.
#pragma once

#include <QDialog>

namespace moescope {

class AboutDialog : public QDialog {
  Q_OBJECT

 public:
  explicit AboutDialog(QWidget* parent = nullptr);
};

}  // namespace moescope
