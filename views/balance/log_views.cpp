#include "views/balance/log_views.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace moescope {

BalanceLogView::BalanceLogView(LoadDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      group_(new QComboBox(this)),
      chart_(new SeriesChart(this)),
      notes_(new QLabel(this)) {
  group_->setObjectName("balanceLogGroup");
  group_->setAccessibleName(tr("Engine and measure shown"));
  group_->setToolTip(tr("Engine and measure shown"));
  chart_->setObjectName("balanceLogChart");
  notes_->setObjectName("balanceLogNotes");
  notes_->setWordWrap(true);
  notes_->setContentsMargins(8, 0, 8, 2);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 2, 0, 0);
  column->addWidget(group_, 0, Qt::AlignLeft);
  column->addWidget(chart_, 1);
  column->addWidget(notes_);
  connect(&document, &LoadDocument::logsChanged, this, &BalanceLogView::reload);
  connect(group_, &QComboBox::currentIndexChanged, this, &BalanceLogView::refresh);
  reload();
}

void BalanceLogView::reload() {
  if (log_ == document_.balanceLog() && chart_->picture()) return;
  log_ = document_.balanceLog();
  groups_ = log_ ? log_groups(*log_) : std::vector<LogGroup>();
  {
    const QSignalBlocker blocker(group_);
    group_->clear();
    for (const LogGroup& group : groups_)
      group_->addItem(QString::fromStdString(group.engine + ": " + group.measure));
  }
  group_->setVisible(groups_.size() > 1);
  refresh();
}

void BalanceLogView::refresh() {
  const int index = group_->currentIndex();
  if (!log_ || index < 0) {
    auto empty = std::make_shared<SeriesPicture>();
    empty->empty_text =
        tr("No engine log is open. Open a log of SGLang (--expert-balancedness-report-mode "
           "server_log), "
           "vLLM (log_balancedness) or vllm-ascend to see the balance it printed.");
    chart_->setPicture(std::move(empty));
    notes_->hide();
    return;
  }
  chart_->setPicture(log_picture(*log_, groups_[static_cast<std::size_t>(index)]));
  QStringList notes;
  for (const std::string& note : log_->notes) notes << QString::fromStdString(note);
  notes_->setText(notes.join(QStringLiteral("; ")));
  notes_->setVisible(!notes.isEmpty());
}

WaitView::WaitView(LoadDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      round_(new QSpinBox(this)),
      map_(new HeatMap(this)),
      cell_(new QLabel(this)),
      found_(new QLabel(this)) {
  round_->setObjectName("waitRound");
  round_->setPrefix(tr("matrix "));
  round_->setAccessibleName(tr("Matrix shown, of those the log has"));
  round_->setToolTip(tr("Matrix shown, of those the log has"));
  map_->setObjectName("waitMap");
  map_->setEmptyText(tr(
      "No wait matrix is open. Open a DeepXTrace log (lines \"[time] rank=R [n0 n1 ..]\") to see "
      "which ranks the others wait for."));
  map_->setCellText([this](HeatCell cell) {
    const WaitLogPtr& log = document_.waitLog();
    if (!log || !cell.valid()) return QString();
    return wait_cell_text(log->matrices[static_cast<std::size_t>(round_->value())], cell.row,
                          cell.column);
  });
  cell_->setObjectName("waitCell");
  cell_->setContentsMargins(8, 0, 8, 2);
  found_->setObjectName("waitFound");
  found_->setWordWrap(true);
  found_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  found_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  found_->setMargin(6);
  found_->setMinimumWidth(200);
  auto* left = new QVBoxLayout;
  left->addWidget(map_, 1);
  left->addWidget(cell_);
  auto* right = new QVBoxLayout;
  right->addWidget(round_, 0, Qt::AlignLeft);
  right->addWidget(found_, 1);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 2, 0, 0);
  row->addLayout(left, 3);
  row->addLayout(right, 1);
  connect(&document, &LoadDocument::logsChanged, this, &WaitView::reload);
  connect(round_, &QSpinBox::valueChanged, this, &WaitView::refresh);
  const auto show_cell = [this](HeatCell cell) {
    const WaitLogPtr& log = document_.waitLog();
    if (!cell.valid()) cell = map_->selected();
    cell_->setText(log && cell.valid()
                       ? wait_cell_text(log->matrices[static_cast<std::size_t>(round_->value())],
                                        cell.row, cell.column)
                       : QString());
  };
  connect(map_, &HeatMap::cellHovered, this, show_cell);
  connect(map_, &HeatMap::cellSelected, this, show_cell);
  reload();
}

void WaitView::reload() {
  const WaitLogPtr& log = document_.waitLog();
  const int last = log ? static_cast<int>(log->matrices.size()) - 1 : 0;
  {
    const QSignalBlocker blocker(round_);
    round_->setRange(0, last);
    round_->setValue(last);
  }
  round_->setVisible(last > 0);
  refresh();
}

void WaitView::refresh() {
  const WaitLogPtr& log = document_.waitLog();
  map_->setPicture(log ? wait_picture(*log, round_->value()) : nullptr);
  QStringList lines;
  if (log) {
    lines = slow_texts(log->matrices[static_cast<std::size_t>(round_->value())]);
    if (lines.isEmpty()) lines << tr("No rank or path stands out.");
    for (const std::string& note : log->notes) lines << QString::fromStdString(note);
  }
  found_->setText(lines.join(QStringLiteral("\n\n")));
}

}  // namespace moescope
