#include "views/plan/advice/advice_page.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QScrollBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "core/advise/advise.h"
#include "core/advise/advised_command.h"
#include "views/common/delta.h"
#include "views/common/scroll_area.h"
#include "views/common/units.h"
#include "views/common/verdict_color.h"
#include "views/plan/advice/advice_text.h"

namespace moescope {
namespace {

QLabel* make_label(const QString& name, QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setObjectName(name);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

QString list_of(const QStringList& lines) {
  QString html;
  for (const QString& line : lines)
    html += QStringLiteral("<div>%1</div>").arg(line.toHtmlEscaped());
  return html;
}

QString upper_first(QString text) {
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

QString seconds_text(double seconds) {
  return format_time(static_cast<TimeNs>(std::llround(seconds * 1e9)));
}

}  // namespace

AdvicePage::AdvicePage(PlanAdvisor& advisor, QWidget* parent) : QWidget(parent), advisor_(advisor) {
  setObjectName("advicePage");
  setAccessibleName(tr("Advice on the plan"));
  auto* content = new QWidget(this);
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(8, 6, 8, 6);
  verdict_ = make_label("advicePageVerdict", content);
  facts_ = make_label("adviceFacts", content);
  table_ = new QTableWidget(0, ColumnCount, content);
  table_->setObjectName("adviceTable");
  table_->setAccessibleName(tr("Changes with gain and price"));
  table_->setHorizontalHeaderLabels({tr("Change"), tr("Gain"), tr("Net"), tr("Imbalance"),
                                     tr("Moved"), tr("Stall"), tr("KV lost"), QString()});
  const QStringList tips = {
      tr("Cheapest first; the best is bold"),
      tr("Share of a step, positive is faster; ± is the scatter over the windows that judge, the "
         "noise of drawn batches and the model's own error"),
      tr("Gain less the stalls of changes and less the batch that no longer fits"),
      tr("Mean over the layers after the change, on the same windows"),
      tr("Bytes that one change copies, all GPUs"),
      tr("How long serving stops for one change; the tooltip of a cell says how often"),
      tr("Tokens that no longer fit into the caches of all GPUs"),
      tr("Takes the plan onto the board, or copies the command or launch flag")};
  for (int c = 0; c < ColumnCount; ++c) table_->horizontalHeaderItem(c)->setToolTip(tips[c]);
  table_->verticalHeader()->hide();
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  command_ = make_label("adviceCommand", content);
  evidence_ = make_label("adviceEvidence", content);
  for (QWidget* part : {static_cast<QWidget*>(verdict_), static_cast<QWidget*>(facts_),
                        static_cast<QWidget*>(table_), static_cast<QWidget*>(command_),
                        static_cast<QWidget*>(evidence_)})
    column->addWidget(part);
  column->addStretch(1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(scroll_area(content, this));
  connect(&advisor_, &PlanAdvisor::changed, this, &AdvicePage::refresh);
  refresh();
}

void AdvicePage::refresh() {
  const Advice* advice = advisor_.advice();
  for (QWidget* part : {static_cast<QWidget*>(facts_), static_cast<QWidget*>(table_),
                        static_cast<QWidget*>(command_), static_cast<QWidget*>(evidence_)})
    part->setVisible(advice != nullptr);
  if (advice != nullptr) return showAdvice(*advice);
  table_->setRowCount(0);
  const QString obstacle = advisor_.obstacle();
  verdict_->setText(advisor_.running()   ? tr("The plan is being judged…")
                    : obstacle.isEmpty() ? tr("The plan is not judged yet.")
                                         : obstacle.toHtmlEscaped());
}

void AdvicePage::showAdvice(const Advice& advice) {
  const Theme& theme = Theme::of(palette());
  verdict_->setText(QStringLiteral("<b style=\"color:%1\">%2</b>: %3")
                        .arg(advice_color(advice.verdict, theme).name(),
                             verdict_title(advice.verdict),
                             with_window_units(advice.reason).toHtmlEscaped()));
  facts_->setText(list_of(advice_facts(advisor_)));
  const int rows = static_cast<int>(advice.actions.size());
  table_->setRowCount(rows);
  for (int r = 0; r < rows; ++r)
    fillRow(r, advice.actions[static_cast<std::size_t>(r)],
            advice.best && static_cast<int>(*advice.best) == r);
  table_->resizeColumnsToContents();
  table_->resizeRowsToContents();
  int height = table_->horizontalHeader()->sizeHint().height() + 2;
  for (int r = 0; r < rows; ++r) height += table_->rowHeight(r);
  table_->setFixedHeight(height + table_->horizontalScrollBar()->sizeHint().height());
  command_->setVisible(advice.best.has_value());
  if (advice.best)
    command_->setText(tr("Best: %1").arg(advisor_.command(advice.actions[*advice.best])));
  QStringList lines;
  for (const std::string& missing : advice.missing)
    lines << tr("Missing: %1").arg(with_window_units(missing));
  for (const std::string& note : advice.notes) lines << tr("Note: %1").arg(with_window_units(note));
  evidence_->setText(list_of(lines));
  evidence_->setVisible(!lines.isEmpty());
}

void AdvicePage::set(int row, Column column, const QString& text, const QString& tip) {
  auto* item = new QTableWidgetItem(text);
  item->setTextAlignment((column == What ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  item->setToolTip(tip);
  table_->setItem(row, column, item);
}

void AdvicePage::fillRow(int row, const AdvisedAction& action, bool best) {
  const Theme& theme = Theme::of(palette());
  set(row, What, upper_first(QString::fromStdString(action_title(action))),
      tr("Command: %1").arg(advisor_.command(action)));
  set(row, Gain, share_text(action.gain, action.gain_error));
  set(row, Net, share_text(action.net));
  set(row, Imbalance, imbalance_text(action.imbalance),
      tr("Under %1").arg(QString::fromStdString(rule_title(action.rule))));
  set(row, Moved, format_bytes(static_cast<quint64>(std::max(action.bytes_moved, 0.0))));
  set(row, Stall, action.stall_s > 0 ? seconds_text(action.stall_s) : tr("none"),
      tr("One change in %1 min").arg(action.every_s / 60, 0, 'f', 1));
  set(row, Cache,
      action.kv_tokens_lost > 0 ? format_count(static_cast<quint64>(action.kv_tokens_lost))
                                : tr("none"));
  set(row, Act, {});
  // The sign says it as well.
  if (std::abs(action.net) >= 0.00005)
    table_->item(row, Net)->setForeground(action.net > 0 ? better_color(theme)
                                                         : worse_color(theme));
  if (best)
    for (int c = 0; c < Act; ++c) {
      QFont font = table_->font();
      font.setBold(true);
      table_->item(row, c)->setFont(font);
    }
  table_->setCellWidget(row, Act, makeButtons(action));
}

QWidget* AdvicePage::makeButtons(const AdvisedAction& action) {
  auto* cell = new QWidget(table_);
  auto* line = new QHBoxLayout(cell);
  line->setContentsMargins(2, 1, 2, 1);
  line->setSpacing(4);
  const QString kind = QString::fromLatin1(to_string(action.kind));
  const auto add = [&](const QString& name, const QString& text, const QString& tip, auto run) {
    auto* button = new QToolButton(cell);
    button->setObjectName(QStringLiteral("advice_%1_%2").arg(name, kind));
    button->setText(text);
    button->setToolTip(tip);
    button->setAccessibleName(tr("%1: %2").arg(text, QString::fromStdString(action_title(action))));
    line->addWidget(button);
    connect(button, &QToolButton::clicked, this, run);
  };
  if (advisor_.canTake(action))
    add("take", tr("Take"), tr("Put this plan on the board; it can be undone"),
        [this, action] { advisor_.take(action); });
  else if (action.kind == AdvisedKind::Resplit && action.rule == ReplicaRule::Best)
    add("resplit", tr("Re-split"), tr("Write replica weights of the best split into the plan"),
        [this] { Q_EMIT resplitRequested(); });
  add("copy", tr("Copy"), tr("Copy the command: %1").arg(advisor_.command(action)),
      [this, action] { copy(advisor_.command(action)); });
  line->addStretch(1);
  return cell;
}

void AdvicePage::copy(const QString& command) {
  QApplication::clipboard()->setText(command);
  Q_EMIT message(tr("Copied: %1").arg(command));
}

QString AdvicePage::summary() const {
  const Advice* advice = advisor_.advice();
  if (advice == nullptr) return advisor_.obstacle();
  QStringList parts{
      tr("%1: %2").arg(verdict_title(advice->verdict), with_window_units(advice->reason))};
  for (const AdvisedAction& action : advice->actions)
    parts << tr("%1: %2 net")
                 .arg(upper_first(QString::fromStdString(action_title(action))),
                      share_text(action.net));
  return parts.join(QStringLiteral(". "));
}

void AdvicePage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (table_ != nullptr && event->type() == QEvent::PaletteChange) refresh();
}

}  // namespace moescope
