#include "app/window/range_bar.h"

#include <QAction>

#include "views/common/positions.h"
#include "views/common/tool_icon.h"
#include "views/common/units.h"

namespace moescope {
namespace {
constexpr int kIcon = 18, kBoxWidth = 250;  // px
constexpr int kRoomForTexts = 170;          // letters
}  // namespace

RangeBar::RangeBar(TraceDocument& document, Selection& selection, QWidget* parent)
    : QToolBar(tr("Tool bar"), parent),
      document_(document),
      selection_(selection),
      range_(new QLabel(this)),
      omnibox_(new Omnibox(this)),
      rank_(new QComboBox(this)) {
  setObjectName("toolBar");
  setIconSize(QSize(kIcon, kIcon));
  range_->setObjectName("rangeLabel");
  range_->setAccessibleName(tr("Visible range"));
  range_->setToolTip(tr("Start, end and length of the visible range"));
  range_->setContentsMargins(10, 0, 10, 0);
  omnibox_->setMinimumWidth(kBoxWidth);
  omnibox_->setMaximumWidth(2 * kBoxWidth);
  rank_->setObjectName("rankFilter");
  rank_->setAccessibleName(tr("Rank shown"));
  rank_->setToolTip(tr("Show one rank in every view, or all"));
  rank_->setSizeAdjustPolicy(QComboBox::AdjustToContents);

  addSeparator();
  addWidget(omnibox_);
  addSeparator();
  addWidget(range_);
  back_ = addStep("range.back", tr("Back"), tr("Go back to the range before"), "go-previous",
                  QKeySequence("Alt+Left"), [this] { selection_.goBack(); });
  forward_ = addStep("range.forward", tr("Forward"), tr("Go forward in the range history"),
                     "go-next", QKeySequence("Alt+Right"), [this] { selection_.goForward(); });
  fit_ = addStep("range.fit", tr("Fit trace"), tr("Show the whole trace"), "zoom-fit-best",
                 QKeySequence("Ctrl+0"), [this] { selection_.fit(); });
  addSeparator();
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
                           const QString& icon, QKeySequence keys,
                           const std::function<void()>& run) {
  QAction* action = addAction(tool_icon(icon), text);
  action->setIconVisibleInMenu(false);
  action->setObjectName(name);
  action->setShortcut(keys);
  action->setToolTip(tip + QStringLiteral(" (%1)").arg(keys.toString(QKeySequence::NativeText)));
  connect(action, &QAction::triggered, this, run);
  return action;
}

void RangeBar::addFirst(const QList<QAction*>& added) {
  insertActions(actions().value(0), added);
}

void RangeBar::resizeEvent(QResizeEvent* event) {
  QToolBar::resizeEvent(event);
  const bool room = width() >= kRoomForTexts * fontMetrics().averageCharWidth();
  setToolButtonStyle(room ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
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
  showRange();
}

void RangeBar::followRank() {
  const auto filter = selection_.processFilter();
  rank_->setCurrentIndex(filter ? static_cast<int>(*filter) + 1 : 0);
}

}  // namespace moescope
