#include "views/cluster/cluster_view.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/analysis/serving/workload_text.h"
#include "core/cluster/wire/hung_text.h"
#include "views/cluster/effect_text.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr int kSendDelayMs = 500;

QString rounded(double value) {
  return value >= 100 ? format_count(static_cast<quint64>(value)) : QString::number(value, 'f', 1);
}

QString words(const NodeWorkers& w) {
  return ClusterView::tr("%1 compute, %2 communicate")
      .arg(w.workers - w.communication)
      .arg(w.communication);
}

/// What was requested, granted and observed, said once where it is the same.
QString workers_text(const NodeUnit& unit) {
  const QString requested = words(unit.requested), granted = words(unit.granted),
                observed = words(unit.observed);
  if (requested == granted && granted == observed) return observed;
  return ClusterView::tr("requested: %1<br>granted: %2<br>observed: %3")
      .arg(requested, granted, observed);
}

/// Those that are told.
QString requests_text(const NodeStatus& status) {
  QStringList parts;
  if (status.finished) parts << ClusterView::tr("%1 done").arg(format_count(*status.finished));
  if (status.waiting) parts << ClusterView::tr("%1 waiting").arg(format_count(*status.waiting));
  if (status.decoding) parts << ClusterView::tr("%1 decoding").arg(format_count(*status.decoding));
  return parts.isEmpty() ? ClusterView::tr("not told") : parts.join(QStringLiteral(", "));
}

}  // namespace

QString phase_label(LiveState phase) {
  switch (phase) {
    case LiveState::Connecting:
      return ClusterView::tr("starting");
    case LiveState::Live:
      return ClusterView::tr("live");
    case LiveState::Waiting:
      return ClusterView::tr("does not answer, trying again");
    case LiveState::Stopping:
      return ClusterView::tr("completing the recording");
    case LiveState::Lost:
      return ClusterView::tr("lost");
    case LiveState::Ended:
      return ClusterView::tr("ended");
    case LiveState::Idle:
      break;
  }
  return ClusterView::tr("nothing attached");
}

bool can_roll_back(const ClusterState& state) {
  if (!state.may_change || !state.status) return false;
  const auto& history = state.status->history;
  return std::any_of(history.begin(), history.end(),
                     [](const NodePlanChange& change) { return change.in_force(); });
}

ClusterView::ClusterView(QWidget* parent) : QWidget(parent) {
  setObjectName("clusterView");
  // Created from top to bottom, which is the tab order.
  QWidget* header = makeHeader();
  QWidget* controls = makeControls();
  apply_ = new ApplyPanel(this);
  ranks_ = new QTreeView(this);
  ranks_->setObjectName("clusterRanks");
  ranks_->setAccessibleName(tr("Nodes and ranks"));
  ranks_->setModel(&model_);
  ranks_->setFrameShape(QFrame::NoFrame);
  ranks_->setUniformRowHeights(true);
  ranks_->setMinimumHeight(110);
  ranks_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  ranks_->header()->setStretchLastSection(true);
  connect(&model_, &QAbstractItemModel::rowsInserted, ranks_, &QTreeView::expandAll,
          Qt::QueuedConnection);
  log_ = new QTableView(this);
  log_->setObjectName("clusterLog");
  log_->setAccessibleName(tr("Log of plan changes"));
  log_->setModel(&log_model_);
  log_->setFrameShape(QFrame::NoFrame);
  log_->setShowGrid(false);
  log_->setAlternatingRowColors(true);
  log_->setMinimumHeight(70);
  log_->verticalHeader()->hide();
  log_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  log_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  log_->horizontalHeader()->setStretchLastSection(true);
  log_empty_ = new QLabel(tr("No plan was changed in this run."), this);
  log_empty_->setForegroundRole(QPalette::PlaceholderText);
  log_empty_->setContentsMargins(8, 2, 8, 6);
  compare_ = new QPushButton(tr("Compare before and after"), this);
  compare_->setObjectName("clusterCompare");
  compare_->setToolTip(
      tr("Hold the recorded time before a change of plan against the time after it: of the change "
         "that is chosen in the log, else of the last one"));
  connect(compare_, &QPushButton::clicked, this, [this] {
    if (const NodePlanChange* change = comparable()) Q_EMIT compareRequested(change->epoch);
  });
  log_->setSelectionBehavior(QAbstractItemView::SelectRows);
  connect(log_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
          &ClusterView::showComparable);
  auto* inner = new QWidget(this);
  auto* lines = new QVBoxLayout(inner);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(4);
  lines->addWidget(header);
  lines->addWidget(controls);
  lines->addWidget(apply_);
  lines->addWidget(ranks_, 3);
  lines->addWidget(log_, 1);
  lines->addWidget(log_empty_);
  lines->addWidget(compare_, 0, Qt::AlignLeft);
  lines->addStretch(0);  // with nothing attached the header does not spread over the whole dock
  auto* scroll = new QScrollArea(this);
  scroll->setWidget(inner);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(scroll);
  setMinimumWidth(260);
  delay_.setSingleShot(true);
  delay_.setInterval(kSendDelayMs);
  connect(&delay_, &QTimer::timeout, this, &ClusterView::sendSettings);
  setState({});
}

QWidget* ClusterView::makeHeader() {
  auto* header = new QWidget(this);
  state_text_ = new QLabel(header);
  state_text_->setObjectName("clusterState");
  QFont bold = state_text_->font();
  bold.setBold(true);
  state_text_->setFont(bold);
  state_text_->setWordWrap(true);
  hung_ = new QLabel(header);
  hung_->setObjectName("clusterHung");
  hung_->setFont(bold);
  hung_->setWordWrap(true);
  hung_->setTextFormat(Qt::PlainText);
  hung_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  hung_->setToolTip(
      tr("Ranks that neither work nor wait for another rank. All others wait for them: nothing is "
         "served until they go on. A machine that is only short of processors is not reported."));
  reason_ = new QLabel(header);
  reason_->setObjectName("clusterReason");
  reason_->setWordWrap(true);
  reason_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  figures_ = new QLabel(header);
  figures_->setObjectName("clusterFigures");
  figures_->setTextFormat(Qt::RichText);
  figures_->setWordWrap(true);
  figures_->setToolTip(
      tr("Rates of the last second. Workers of a rank, computing + communicating: requested / "
         "granted / observed at work. TTFT: time to first token, TPOT: time per output token, "
         "median / 95th percentile. Dropped: records that did not fit the runtime's rings, and "
         "spans that it did not send because this window was slow."));
  recording_ = new QLabel(header);
  recording_->setObjectName("clusterRecording");
  recording_->setWordWrap(true);
  recording_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  const auto button = [&](const QString& name, const QString& text, const QString& tip,
                          void (ClusterView::*signal)()) {
    auto* made = new QPushButton(text, header);
    made->setObjectName(name);
    made->setToolTip(tip);
    connect(made, &QPushButton::clicked, this, signal);
    return made;
  };
  start_ = button("clusterStart", tr("Start the embedded runtime"),
                  tr("Serve a small MoE model on this machine and watch it"),
                  &ClusterView::startRequested);
  reconnect_ =
      button("clusterReconnect", tr("Reconnect"), tr("Try again; what was recorded stays open"),
             &ClusterView::reconnectRequested);
  stop_ =
      button("clusterStop", tr("Stop"), tr("End watching; the recording stays open for analysis"),
             &ClusterView::stopRequested);
  auto* buttons = new QHBoxLayout;
  for (QPushButton* b : {start_, reconnect_, stop_}) buttons->addWidget(b);
  buttons->addStretch(1);
  auto* lines = new QVBoxLayout(header);
  lines->setContentsMargins(8, 6, 8, 0);
  lines->setSpacing(4);
  for (QLabel* label : {state_text_, hung_, reason_, figures_, recording_}) lines->addWidget(label);
  lines->addLayout(buttons);
  return header;
}

QWidget* ClusterView::makeControls() {
  controls_ = new QWidget(this);
  rate_ = new QDoubleSpinBox(controls_);
  rate_->setObjectName("clusterRate");
  rate_->setRange(0.1, 100000);
  rate_->setDecimals(1);
  rate_->setSuffix(tr(" requests/s"));
  rate_->setToolTip(tr("Mean rate at which requests arrive"));
  period_ = new QDoubleSpinBox(controls_);
  period_->setObjectName("clusterPeriod");
  period_->setRange(1, 100000);
  period_->setDecimals(0);
  period_->setSuffix(tr(" s"));
  period_->setToolTip(
      tr("Period of the mix of topics: the shorter it is, the faster the expert load drifts"));
  overlap_ = new QCheckBox(tr("Overlap two micro-batches"), controls_);
  overlap_->setObjectName("clusterOverlap");
  overlap_->setToolTip(tr("Compute of one micro-batch hides the communication of the other"));
  comm_workers_ = new QSpinBox(controls_);
  comm_workers_->setObjectName("clusterCommWorkers");
  comm_workers_->setRange(1, 63);
  comm_workers_->setToolTip(tr("Workers of each rank that communicate; the others compute"));
  auto* form = new QFormLayout(controls_);
  form->setContentsMargins(8, 2, 8, 2);
  form->addRow(tr("Requests"), rate_);
  form->addRow(tr("Topic drift"), period_);
  form->addRow(tr("Communication workers"), comm_workers_);
  form->addRow(overlap_);
  setTabOrder(comm_workers_, overlap_);
  const auto workload = [this] {
    workload_edited_ = true;
    delay_.start();
  };
  connect(rate_, &QDoubleSpinBox::valueChanged, this, workload);
  connect(period_, &QDoubleSpinBox::valueChanged, this, workload);
  connect(comm_workers_, &QSpinBox::valueChanged, this, [this] {
    workers_edited_ = true;
    delay_.start();
  });
  connect(overlap_, &QCheckBox::clicked, this, [this](bool on) {
    NodeSettings settings;
    settings.overlap = on;
    Q_EMIT settingsRequested(settings);
  });
  return controls_;
}

void ClusterView::sendSettings() {
  if (std::exchange(workload_edited_, false))
    Q_EMIT workloadRequested(rate_->value(), period_->value());
  if (!std::exchange(workers_edited_, false)) return;
  NodeSettings settings;
  settings.comm_workers = comm_workers_->value();
  Q_EMIT settingsRequested(settings);
}

void ClusterView::setState(const ClusterState& state) {
  state_ = state;
  const bool idle = state_.phase == LiveState::Idle;
  const bool gone = state_.phase == LiveState::Lost || state_.phase == LiveState::Ended;
  QString text =
      idle ? tr("Nothing is attached") : tr("%1: %2").arg(state_.target, phase_label(state_.phase));
  if (state_.status && !gone && !idle) text += tr(", plan epoch %1").arg(state_.status->epoch);
  state_text_->setText(text);
  reason_->setText(idle
                       ? tr("Start the embedded runtime, or attach to a running one, to see nodes, "
                            "ranks and rates here.")
                       : state_.reason);
  reason_->setVisible(!reason_->text().isEmpty());
  showHung(!gone && !idle);
  start_->setVisible(idle || (gone && state_.embedded));
  reconnect_->setVisible(gone && !state_.embedded);
  stop_->setVisible(!idle && state_.phase != LiveState::Ended &&
                    state_.phase != LiveState::Stopping);
  recording_->setVisible(!idle && !state_.recording.isEmpty());
  recording_->setText(state_.recording_error.isEmpty()
                          ? tr("Recorded to %1").arg(state_.recording)
                          : tr("Recording stopped: %1").arg(state_.recording_error));
  controls_->setVisible(state_.phase == LiveState::Live && state_.status.has_value());
  controls_->setEnabled(state_.may_change);
  controls_->setToolTip(state_.may_change ? QString()
                                          : tr("You may watch this runtime, not change it."));
  const bool known = state_.status.has_value();
  ranks_->setVisible(known);
  log_->setVisible(known && !state_.status->history.empty());
  log_empty_->setVisible(known && state_.status->history.empty());
  model_.setRanks(known ? state_.status->ranks : std::vector<NodeRank>());
  log_model_.setHistory(known ? state_.status->history : std::vector<NodePlanChange>());
  showComparable();
  showFigures();
  showSettings();
  apply_->setVisible(!idle);
  apply_->setCanRollBack(!gone && can_roll_back(state_));
}

/// The change that is chosen in the log, else the last one that came into force; nullptr: none did.
const NodePlanChange* ClusterView::comparable() const {
  const QModelIndexList rows = log_->selectionModel()->selectedRows();
  for (const QModelIndex& row : rows)
    if (const auto* change = log_model_.change(row.row()); change != nullptr && change->in_force())
      return change;
  for (int row = 0; row < log_model_.rowCount(); ++row)
    if (log_model_.change(row)->in_force()) return log_model_.change(row);
  return nullptr;
}

void ClusterView::showComparable() {
  const NodePlanChange* change = comparable();
  compare_->setVisible(change != nullptr);
  if (change != nullptr)
    compare_->setText(tr("Compare before and after epoch %1").arg(change->epoch));
}

void ClusterView::showHung(bool attached) {
  QStringList lines;
  if (attached && state_.status)
    for (const std::string& line : hung_lines(state_.status->hung))
      lines << tr("Hangs: %1").arg(QString::fromStdString(line));
  hung_->setText(lines.join(QLatin1Char('\n')));
  hung_->setVisible(!lines.isEmpty());
}

void ClusterView::showFigures() {
  figures_->setVisible(state_.status.has_value());
  if (!state_.status) return;
  const NodeStatus& status = *state_.status;
  const auto row = [](const QString& name, const QString& value) {
    return QStringLiteral("<tr><td>%1&nbsp;&nbsp;</td><td align=right><b>%2</b></td></tr>")
        .arg(name, value);
  };
  QString text = "<table cellspacing=0 cellpadding=1>";
  for (const NodeUnit& unit : status.units) {
    const QString name = QString(to_string(unit.kind));
    const bool engine = unit.kind == UnitKind::Mixed;  // tells no workers, and tokens not always
    text +=
        row(name, engine && unit.tokens_per_second <= 0
                      ? tr("%1 steps/s").arg(rounded(unit.steps_per_second))
                      : tr("%1 tokens/s, %2 steps/s")
                            .arg(rounded(unit.tokens_per_second), rounded(unit.steps_per_second)));
    if (!engine) text += row(tr("%1 workers").arg(name), workers_text(unit));
  }
  text += row(tr("Requests"), requests_text(status));
  if (status.cache_use)
    text += row(tr("KV cache"), tr("%1 % in use").arg(rounded(*status.cache_use * 100)));
  text += row(tr("TTFT p50 / p95"),
              latency_text(status.ttft_p50) + " / " + latency_text(status.ttft_p95));
  text += row(tr("TPOT p50 / p95"),
              latency_text(status.tpot_p50) + " / " + latency_text(status.tpot_p95));
  text += row(tr("Received"),
              tr("%1 spans/s, %2 dropped")
                  .arg(rounded(state_.spans_per_second), format_count(dropped(state_))));
  if (status.detail == RecordedDetail::Steps)
    text += row(tr("Detail reduced"), tr("step summaries, because a consumer cannot keep up"));
  text += "</table>";
  if (!status.links.empty())
    text += tr("Paced links: %1").arg(with_window_units(status.links).toHtmlEscaped());
  figures_->setText(text);
}

/// Shows the runtime's value unless the user is editing it.
void ClusterView::showSettings() {
  if (!state_.status || delay_.isActive()) return;
  const auto show = [](auto* box, auto value) {
    if (box->hasFocus() || box->value() == value) return;
    const QSignalBlocker quiet(box);
    box->setValue(value);
  };
  const NodeStatus& status = *state_.status;
  if (!status.units.empty()) show(comm_workers_, status.units.front().requested.communication);
  if (const auto rate = workload_value(status.workload, "rate")) show(rate_, *rate);
  if (const auto period = workload_value(status.workload, "period")) show(period_, *period);
  const QSignalBlocker quiet(overlap_);
  overlap_->setChecked(status.overlap);
}

}  // namespace moescope
