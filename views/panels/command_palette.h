// Ctrl+Shift+P: type a few letters, press Enter.
#pragma once

#include <QDialog>
#include <QLineEdit>
#include <QListWidget>

#include "views/panels/command_list.h"

namespace moescope {

class CommandPalette : public QDialog {
  Q_OBJECT

 public:
  CommandPalette(CommandList commands, QWidget* parent = nullptr);
  QListWidget* list() const { return list_; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void filter(const QString& pattern);
  void runCurrent();

  CommandList commands_;
  QLineEdit* input_;
  QListWidget* list_;
};

}  // namespace moescope
