#include "views/requests/requests_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>

#include "views/common/action.h"
#include "views/common/row_height.h"
#include "views/requests/requests_canvas.h"

namespace moescope {
namespace {

constexpr TimeNs kMillisecond = 1'000'000;
constexpr TimeNs kWindow = 1'000'000'000;  ///< of throughput and share

}  // namespace

RequestsView::RequestsView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent), document_(document), selection_(selection) {
  setObjectName("requestsView");
  setAccessibleName(tr("Requests"));
  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(RequestsModel::kSortRole);
  table_ = new QTableView(this);
  table_->setObjectName("requestsTable");
  table_->setAccessibleName(tr("Requests"));
  table_->setModel(&sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(RequestsModel::Done, Qt::DescendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->verticalHeader()->hide();
  fit_rows_to_text(*table_);
  table_->horizontalHeader()->setDefaultSectionSize(76);
  table_->horizontalHeader()->setStretchLastSection(true);
  table_->horizontalHeader()->moveSection(RequestsModel::Done, 1);  // what they are sorted by
  connect(table_, &QTableView::activated, this, &RequestsView::showRequest);
  canvas_ = new RequestsCanvas(*this, selection);
  auto* left = new QWidget(this);
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(makeTargets());
  column->addWidget(canvas_, 1);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(left);
  splitter->addWidget(makeList());
  splitter->setStretchFactor(0, 3);
  splitter->setStretchFactor(1, 2);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter);
  setTabOrder(tpot_, table_);
  addActions();
  connect(&document_, &TraceDocument::traceChanged, this, &RequestsView::reload);
  reload();
}

QWidget* RequestsView::makeList() {
  list_ = new QWidget(this);
  auto* order = new QLabel(list_);
  order->setObjectName("requestsOrder");
  order->setContentsMargins(6, 6, 4, 0);
  const auto say = [this, order] {
    const QHeaderView& header = *table_->horizontalHeader();
    const QString column =
        model_.headerData(header.sortIndicatorSection(), Qt::Horizontal, Qt::DisplayRole)
            .toString();
    order->setText(header.sortIndicatorOrder() == Qt::DescendingOrder
                       ? tr("Sorted by %1, the highest first").arg(column)
                       : tr("Sorted by %1, the lowest first").arg(column));
  };
  connect(table_->horizontalHeader(), &QHeaderView::sortIndicatorChanged, this, say);
  say();
  auto* column = new QVBoxLayout(list_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addWidget(order);
  column->addWidget(table_, 1);
  return list_;
}

QWidget* RequestsView::makeTargets() {
  auto* bar = new QWidget(this);
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(8, 4, 4, 0);
  const auto add = [&](const QString& name, TimeNs value, const QString& tip) {
    auto* label = new QLabel(tr("%1 target:").arg(name), bar);
    auto* box = new QSpinBox(bar);
    box->setObjectName("target" + name);
    box->setRange(1, 600'000);
    box->setSuffix(tr(" ms"));
    box->setValue(static_cast<int>(value / kMillisecond));
    box->setAccessibleName(tip);
    box->setToolTip(tip);
    label->setBuddy(box);
    line->addWidget(label);
    line->addWidget(box);
    connect(box, &QSpinBox::valueChanged, this, &RequestsView::retarget);
    return box;
  };
  const ServingTargets usual;
  ttft_ = add("TTFT", usual.ttft, tr("Longest time to first token that counts as within target"));
  tpot_ = add("TPOT", usual.tpot, tr("Longest time per output token that counts as within target"));
  line->addStretch(1);
  return bar;
}

void RequestsView::addActions() {
  QAction* copy =
      add_command(this, "requests.copy_csv", tr("Copy requests as CSV"),
                  tr("Copy all requests as comma-separated text"), {QKeySequence::Copy});
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  table_->addAction(copy);
  connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
}

ServingTargets RequestsView::targets() const {
  return {ttft_->value() * kMillisecond, tpot_->value() * kMillisecond};
}

void RequestsView::reload() {
  const TracePtr trace = document_.trace();
  if (!trace) {
    job_.abandon();
    setServing(nullptr);
    return;
  }
  job_.start(
      tr("Reading requests"),
      [trace](Progress&) { return std::make_shared<const Serving>(read_serving(*trace)); },
      [this](const ServingPtr& serving) { setServing(serving); });
}

void RequestsView::setServing(ServingPtr serving) {
  if (serving) job_.abandon();
  serving_ = std::move(serving);
  model_.setServing(serving_);
  list_->setVisible(model_.rowCount() > 0);  // the chart says why there are none
  retarget();
}

void RequestsView::retarget() {
  windows_ =
      serving_ ? serving_windows(*serving_, targets(), kWindow) : std::vector<ServingFigures>();
  // The second that is not over yet would look like a drop.
  if (document_.growing() && document_.trace() && !windows_.empty() &&
      windows_.back().range.end > document_.trace()->range().end)
    windows_.pop_back();
  model_.setTargets(targets());
  canvas_->refresh();
  Q_EMIT dataChanged();
}

void RequestsView::showRequest(const QModelIndex& index) {
  const ServedRequest& request = model_.request(sorted_.mapToSource(index).row());
  const TimeRange span{request.arrival, request.done};
  selection_.setArea(AreaSelection{span, {}});
  const TimeNs margin = span.length() / 10 + 1;
  selection_.setRange({span.begin - margin, span.end + margin});
}

RequestsChartInput RequestsView::chartInput() const {
  return {serving_, windows_, targets(), selection_.range()};
}

void RequestsView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_requests_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), chartInput(), theme);
}

QString RequestsView::csv() const {
  return serving_ ? requests_csv(*serving_, targets()) : QString();
}

}  // namespace moescope
