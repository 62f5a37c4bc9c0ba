// The sheet behind `?`: every command that has a key, by group, and a search field.
#pragma once

#include <QDialog>
#include <QTreeWidget>

#include "views/shell/command_list.h"

namespace moescope {

class KeySheet : public QDialog {
  Q_OBJECT

 public:
  KeySheet(const CommandList& commands, QWidget* parent = nullptr);
  QTreeWidget* tree() const { return tree_; }

 private:
  void filter(const QString& text);
  QTreeWidget* tree_;
};

}  // namespace moescope
