// Ctrl+Shift+P: type a few letters, press Enter. Nothing that takes something away runs unless it
// was chosen with the arrow keys or the mouse.
#pragma once

#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>

#include "views/shell/command_list.h"

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
  QLabel* hint_;  ///< when no command is a default
};

}  // namespace moescope
