#include "views/shell/key_sheet.h"

#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QVBoxLayout>

namespace moescope {

KeySheet::KeySheet(const CommandList& commands, QWidget* parent)
    : QDialog(parent), tree_(new QTreeWidget(this)) {
  setObjectName("keySheet");
  setWindowTitle(tr("Keys"));
  auto* search = new QLineEdit(this);
  search->setPlaceholderText(tr("Search keys"));
  search->setAccessibleName(tr("Search keys"));
  search->setClearButtonEnabled(true);
  tree_->setHeaderLabels({tr("Command"), tr("Keys"), tr("What it does")});
  tree_->setRootIsDecorated(false);
  tree_->setAccessibleName(tr("Commands and their keys"));
  QHash<QString, QTreeWidgetItem*> groups;
  for (const Command& command : commands) {
    if (!command.action || command.action->shortcuts().isEmpty()) continue;
    QTreeWidgetItem*& group = groups[command.group];
    if (group == nullptr) {
      group = new QTreeWidgetItem(tree_, {command.group});
      QFont bold = font();
      bold.setBold(true);
      group->setFont(0, bold);
      group->setFlags(Qt::ItemIsEnabled);
    }
    const QString keys =
        QKeySequence::listToString(command.action->shortcuts(), QKeySequence::NativeText);
    const QString what = command.action->toolTip();
    auto* item = new QTreeWidgetItem(group, {command_text(*command.action), keys, what});
    item->setToolTip(2, what);
  }
  tree_->expandAll();
  tree_->header()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  tree_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(search, &QLineEdit::textChanged, this, &KeySheet::filter);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(search);
  layout->addWidget(tree_, 1);
  layout->addWidget(buttons);
  resize(960, 600);
}

void KeySheet::filter(const QString& text) {
  for (int g = 0; g < tree_->topLevelItemCount(); ++g) {
    QTreeWidgetItem* group = tree_->topLevelItem(g);
    bool any = false;
    for (int i = 0; i < group->childCount(); ++i) {
      QTreeWidgetItem* item = group->child(i);
      bool fits = false;
      for (int column = 0; column < tree_->columnCount(); ++column)
        fits |= item->text(column).contains(text, Qt::CaseInsensitive);
      item->setHidden(!fits);
      any |= fits;
    }
    group->setHidden(!any);
  }
}

}  // namespace moescope
