#include "views/shell/command_palette.h"

#include <QKeyEvent>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/destructive_action.h"

namespace moescope {

CommandPalette::CommandPalette(CommandList commands, QWidget* parent)
    : QDialog(parent, Qt::Popup),
      commands_(std::move(commands)),
      input_(new QLineEdit(this)),
      list_(new QListWidget(this)),
      hint_(new QLabel(tr("This command is destructive: choose it with the arrow keys."), this)) {
  setObjectName("commandPalette");
  setAccessibleName(tr("Command palette"));
  input_->setObjectName("paletteInput");
  input_->setPlaceholderText(tr("Type a command"));
  input_->setAccessibleName(tr("Command"));
  input_->installEventFilter(this);
  list_->setObjectName("paletteList");
  list_->setAccessibleName(tr("Commands that match"));
  list_->setUniformItemSizes(true);
  hint_->setObjectName("paletteHint");
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(6, 6, 6, 6);
  layout->addWidget(input_);
  layout->addWidget(list_);
  layout->addWidget(hint_);
  resize(560, 380);
  connect(input_, &QLineEdit::textChanged, this, &CommandPalette::filter);
  connect(input_, &QLineEdit::returnPressed, this, &CommandPalette::runCurrent);
  connect(list_, &QListWidget::itemActivated, this, &CommandPalette::runCurrent);
  filter({});
  input_->setFocus();
}

void CommandPalette::filter(const QString& pattern) {
  list_->clear();
  bool first_is_safe = false;
  for (const qsizetype index : rank_commands(pattern, commands_)) {
    const Command& command = commands_[index];
    QString text = command.group + QStringLiteral(":  ") + command_name(command);
    if (const QKeySequence keys = command.action->shortcut(); !keys.isEmpty())
      text += QStringLiteral("    [%1]").arg(keys.toString(QKeySequence::NativeText));
    if (list_->count() == 0) first_is_safe = !is_destructive(*command.action);
    auto* item = new QListWidgetItem(text, list_);
    item->setToolTip(command.action->toolTip());
    item->setData(Qt::UserRole, QVariant::fromValue(index));
  }
  list_->setCurrentRow(first_is_safe ? 0 : -1);
  hint_->setVisible(list_->count() > 0 && !first_is_safe);
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == input_ && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Up || key == Qt::Key_Down) {
      const int step = key == Qt::Key_Up ? -1 : 1;
      list_->setCurrentRow(std::clamp(list_->currentRow() + step, 0, list_->count() - 1));
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

void CommandPalette::runCurrent() {
  const QListWidgetItem* item = list_->currentItem();
  if (item == nullptr) return;
  const QPointer<QAction> action = commands_[item->data(Qt::UserRole).value<qsizetype>()].action;
  accept();
  // After the popup is gone, so that the command finds the window's focus as it was.
  QTimer::singleShot(0, parent(), [action] {
    if (action) action->trigger();
  });
}

}  // namespace moescope
