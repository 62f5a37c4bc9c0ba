#include "app/window/range_bar.h"

#include <QAction>

#include "views/common/positions.h"
#include "views/common/units.h"

namespace moescope {

RangeBar::RangeBar(TraceDocument& document, Selection& selection, QWidget* parent)
    : QToolBar(tr("Tool bar"), parent),
      document_(document),
      selection_(selection),
      range_(new QLabel(this)),
      find_(new QLineEdit(this)),
      rank_(new QComboBox(this)) {
  setObjectName("toolBar");
  setToolButtonStyle(Qt::ToolButtonTextOnly);
  range_->setObjectName("rangeLabel");
  range_->setAccessibleName(tr("Visible range"));
  range_->setToolTip(tr("Start, end and length of the visible range"));
  range_->setContentsMargins(10, 0, 10, 0);
  find_->setObjectName("findField");
  find_->setPlaceholderText(tr("Find spans"));
  find_->setAccessibleName(tr("Find spans"));
  find_->setClearButtonEnabled(true);
  find_->setMaximumWidth(240);
  rank_->setObjectName("rankFilter");
  rank_->setAccessibleName(tr("Rank shown"));
  rank_->setToolTip(tr("Show one rank in every view, or all"));
  rank_->setSizeAdjustPolicy(QComboBox::AdjustToContents);

  addSeparator();
  addWidget(range_);
  back_ = addStep("range.back", tr("‹ Back"), tr("Go back to the range before"),
                  QKeySequence("Alt+Left"), [this] { selection_.goBack(); });
  forward_ = addStep("range.forward", tr("Forward ›"), tr("Go forward in the range history"),
                     QKeySequence("Alt+Right"), [this] { selection_.goForward(); });
  fit_ = addStep("range.fit", tr("Fit trace"), tr("Show the whole trace"), QKeySequence("Ctrl+0"),
                 [this] { selection_.fit(); });
  addSeparator();
  addWidget(find_);
  auto* label = new QLabel(tr("Rank:"), this);
  label->setContentsMargins(10, 0, 4, 0);
  label->setBuddy(rank_);
  addWidget(label);
  addWidget(rank_);

  connect(&selection_, &Selection::rangeChanged, this, &RangeBar::showRange);
  connect(&selection_, &Selection::historyChanged, this, &RangeBar::showRange);
  connect(&selection_, &Selection::processFilterChanged, this, &RangeBar::followRank);
  connect(&document_, &TraceDocument::traceChanged, this, &RangeBar::fillRanks);
  connect(&document_, &TraceDocument::traceGrown, this, [this] {
    const auto ranks = static_cast<int>(document_.trace()->processes().size());
    if (rank_->count() == ranks + 1) return;
    fillRanks();
    followRank();
  });
  connect(rank_, &QComboBox::activated, this, [this](int index) {
    selection_.setProcessFilter(index <= 0 ? std::nullopt
                                           : std::optional(static_cast<ProcessId>(index - 1)));
  });
  fillRanks();
}

QAction* RangeBar::addStep(const QString& name, const QString& text, const QString& tip,
                           QKeySequence keys, const std::function<void()>& run) {
  QAction* action = addAction(text);
  action->setObjectName(name);
  action->setShortcut(keys);
  action->setToolTip(tip + QStringLiteral(" (%1)").arg(keys.toString(QKeySequence::NativeText)));
  connect(action, &QAction::triggered, this, run);
  return action;
}

void RangeBar::addFirst(const QList<QAction*>& added) {
  insertActions(actions().value(0), added);
}

void RangeBar::showRange() {
  const bool open = document_.trace() != nullptr;
  const TimeRange range = selection_.range();
  range_->setText(open ? format_range(range) : tr("no trace open"));
  range_->setToolTip(open ? QStringLiteral("%1 - %2").arg(format_time_full(range.begin),
                                                          format_time_full(range.end))
                          : QString());
  back_->setEnabled(open && selection_.canGoBack());
  forward_->setEnabled(open && selection_.canGoForward());
  fit_->setEnabled(open);
}

void RangeBar::fillRanks() {
  rank_->clear();
  rank_->addItem(tr("all"));
  if (document_.trace())
    for (const Process& process : document_.trace()->processes())
      rank_->addItem(QString::fromStdString(process.label));
  rank_->setEnabled(document_.trace() != nullptr);
  find_->setEnabled(document_.trace() != nullptr);
  showRange();
}

void RangeBar::followRank() {
  const auto filter = selection_.processFilter();
  rank_->setCurrentIndex(filter ? static_cast<int>(*filter) + 1 : 0);
}

}  // namespace moescope
