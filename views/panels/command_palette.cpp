#include "views/panels/command_palette.h"

#include <QKeyEvent>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

namespace moescope {

CommandPalette::CommandPalette(CommandList commands, QWidget* parent)
    : QDialog(parent, Qt::Popup),
      commands_(std::move(commands)),
      input_(new QLineEdit(this)),
      list_(new QListWidget(this)) {
  setObjectName("commandPalette");
  setAccessibleName(tr("Command palette"));
  input_->setObjectName("paletteInput");
  input_->setPlaceholderText(tr("Type a command"));
  input_->setAccessibleName(tr("Command"));
  input_->installEventFilter(this);
  list_->setObjectName("paletteList");
  list_->setAccessibleName(tr("Commands that match"));
  list_->setUniformItemSizes(true);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(6, 6, 6, 6);
  layout->addWidget(input_);
  layout->addWidget(list_);
  resize(560, 380);
  connect(input_, &QLineEdit::textChanged, this, &CommandPalette::filter);
  connect(input_, &QLineEdit::returnPressed, this, &CommandPalette::runCurrent);
  connect(list_, &QListWidget::itemActivated, this, &CommandPalette::runCurrent);
  filter({});
  input_->setFocus();
}

void CommandPalette::filter(const QString& pattern) {
  struct Hit {
    int score;
    qsizetype index;
  };
  std::vector<Hit> hits;
  for (qsizetype i = 0; i < commands_.size(); ++i) {
    const Command& command = commands_[i];
    if (!command.action || !command.action->isEnabled()) continue;
    const int score = fuzzy_score(pattern, command_text(*command.action));
    const int grouped =
        fuzzy_score(pattern, command.group + QLatin1Char(' ') + command_text(*command.action));
    if (std::max(score, grouped) >= 0) hits.push_back({std::max(score + 1, grouped), i});
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.score > b.score; });
  list_->clear();
  for (const Hit& hit : hits) {
    const Command& command = commands_[hit.index];
    QString text = command.group + QStringLiteral(":  ") + command_text(*command.action);
    if (const QKeySequence keys = command.action->shortcut(); !keys.isEmpty())
      text += QStringLiteral("    [%1]").arg(keys.toString(QKeySequence::NativeText));
    auto* item = new QListWidgetItem(text, list_);
    item->setToolTip(command.action->toolTip());
    item->setData(Qt::UserRole, QVariant::fromValue(hit.index));
  }
  list_->setCurrentRow(0);
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
