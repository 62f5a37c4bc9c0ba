#include "views/sm/sm_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/chart_paint.h"
#include "views/common/units.h"
#include "views/sm/sm_canvas.h"
#include "views/sm/sm_columns.h"

namespace moescope {

SmView::SmView(Document& document, ViewContext& context, QWidget* parent)
    : QWidget(parent), document_(document), context_(context) {
  device_ = new QComboBox(this);
  device_->setObjectName("smDevice");
  device_->setToolTip(tr("Device whose SMs are shown"));
  method_ = new QLabel(this);
  method_->setObjectName("smMethod");
  method_->setWordWrap(true);
  cursor_label_ = new QLabel(this);
  cursor_label_->setObjectName("smCursor");
  cursor_label_->setWordWrap(true);
  canvas_ = new SmCanvas(*this, context);
  grid_ = new SmGrid(this);
  pairs_ = new QTableWidget(0, 4, this);
  pairs_->setObjectName("smPairs");
  pairs_->setHorizontalHeaderLabels(
      {tr("Comm SMs"), tr("Compute SMs"), tr("Time (ns)"), tr("Share (%)")});
  pairs_->setToolTip(
      tr("Time during which communication held the first and compute the second number of SMs"));
  pairs_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  pairs_->verticalHeader()->hide();
  pairs_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);

  auto* side = new QWidget(this);
  auto* side_layout = new QVBoxLayout(side);
  side_layout->setContentsMargins(4, 4, 4, 4);
  side_layout->addWidget(device_);
  side_layout->addWidget(method_);
  side_layout->addWidget(cursor_label_);
  side_layout->addWidget(grid_);
  side_layout->addWidget(pairs_, 1);
  pairs_->setMinimumHeight(150);
  auto* scroll = new QScrollArea(this);
  scroll->setWidget(side);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setMinimumWidth(280);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(canvas_);
  splitter->addWidget(scroll);
  splitter->setStretchFactor(0, 3);
  splitter->setStretchFactor(1, 1);
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter);

  auto* copy = new QAction(tr("Copy SM pairs as TSV"), this);
  copy->setObjectName("smCopyPairs");
  copy->setToolTip(tr("Copy the time at each (comm SMs, compute SMs) pair as tab-separated text"));
  copy->setShortcut(QKeySequence::Copy);
  copy->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  addAction(copy);
  connect(copy, &QAction::triggered, this,
          [this] { QApplication::clipboard()->setText(pairsTsv()); });

  connect(&document, &Document::analysisChanged, this, &SmView::reload);
  connect(&context, &ViewContext::rangeChanged, canvas_, qOverload<>(&QWidget::update));
  connect(&context, &ViewContext::cursorChanged, this, &SmView::showCursor);
  connect(&context, &ViewContext::processFilterChanged, this, &SmView::reload);
  connect(device_, &QComboBox::currentIndexChanged, this, [this] {
    fillPairs();
    showCursor();
  });
  reload();
}

void SmView::reload() {
  if (document_.analysis() || !document_.trace()) {
    trace_ = document_.trace();
    analysis_ = document_.analysis();
  }
  fillDevices();
  fillPairs();
  showCursor();
}

void SmView::fillDevices() {
  const QSignalBlocker blocker(device_);
  const int before = device_->currentIndex();
  device_->clear();
  if (!analysis_ || !trace_) return;
  const auto filter = context_.processFilter();
  for (std::size_t i = 0; i < analysis_->sm.size(); ++i) {
    if (filter && analysis_->sm[i].key.process != *filter) continue;
    device_->addItem(device_label(*trace_, analysis_->sm[i].key), static_cast<int>(i));
  }
  if (device_->count() > 1) device_->addItem(tr("All devices"), -1);
  device_->setCurrentIndex(before >= 0 && before < device_->count() ? before : 0);
}

void SmView::showAllDevices() {
  device_->setCurrentIndex(device_->count() - 1);
}

std::vector<const SmAllocation*> SmView::shownDevices() const {
  std::vector<const SmAllocation*> shown;
  if (!analysis_ || device_->count() == 0) return shown;
  const int chosen = device_->currentData().toInt();
  for (int i = 0; i < device_->count(); ++i) {
    const int index = device_->itemData(i).toInt();
    if (index >= 0 && (chosen < 0 || index == chosen)) {
      shown.push_back(&analysis_->sm[static_cast<std::size_t>(index)]);
    }
  }
  return shown;
}

SmChartInput SmView::chartInput() const {
  return {trace_.get(), shownDevices(), context_.range(), context_.cursor()};
}

void SmView::fillPairs() {
  pairs_->setRowCount(0);
  const auto shown = shownDevices();
  if (shown.size() != 1) {
    method_->setText(shown.empty() ? sm_missing_text(trace_.get())
                                   : tr("Choose one device for its figures."));
    canvas_->update();
    return;
  }
  const SmAllocation& sm = *shown.front();
  QStringList facts{QString("<b>%1%2</b>")
                        .arg(sm.method == SmMethod::Inferred ? QString::fromUtf8("• ") : QString(),
                             sm_method_text(sm.method).toHtmlEscaped())};
  for (const std::string& caveat : sm.caveats) {
    facts << QString::fromStdString(caveat).toHtmlEscaped();
  }
  method_->setText(facts.join("<br>"));
  std::vector<std::pair<std::pair<int, int>, TimeNs>> rows(sm.time_at.begin(), sm.time_at.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  TimeNs total = 0;
  for (const auto& row : rows) total += row.second;
  pairs_->setRowCount(static_cast<int>(rows.size()));
  for (int r = 0; r < pairs_->rowCount(); ++r) {
    const auto& [pair, ns] = rows[static_cast<std::size_t>(r)];
    const double percent =
        100.0 * static_cast<double>(ns) / static_cast<double>(std::max<TimeNs>(total, 1));
    const QStringList texts{QString::number(pair.first), QString::number(pair.second),
                            format_count(static_cast<quint64>(ns)),
                            QString::number(percent, 'f', 1)};
    for (int c = 0; c < texts.size(); ++c) {
      auto* item = new QTableWidgetItem(texts[c]);
      item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      if (c == 2) item->setToolTip(format_time(ns));
      pairs_->setItem(r, c, item);
    }
  }
  canvas_->update();
}

void SmView::showCursor() {
  const auto shown = shownDevices();
  const SmAllocation* sm = shown.empty() ? nullptr : shown.front();
  const auto cursor = context_.cursor();
  QString text = tr("Point at a time for its SMs.");
  if (sm != nullptr && cursor) {
    if (const auto step = sm_step_at(*sm, *cursor)) {
      text = tr("At %1: communication %2, compute %3, free %4 of %5 SMs")
                 .arg(format_time(*cursor))
                 .arg(step->comm)
                 .arg(step->compute)
                 .arg(sm->sm_count - step->comm - step->compute)
                 .arg(sm->sm_count);
    } else {
      text = tr("No GPU work of this device at %1").arg(format_time(*cursor));
    }
  }
  cursor_label_->setText(text);
  grid_->show(trace_.get(), sm, cursor);
  canvas_->update();
}

void SmView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  SmChartInput input = chartInput();
  input.cursor.reset();
  paint_sm_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), input, theme);
}

QString SmView::csv() const {
  QString text = "device,method,begin (ns),end (ns),comm (SMs),compute (SMs),free (SMs)";
  const auto shown = shownDevices();
  const auto classes = sm_classes(shown);
  for (const SpanClass c : classes) text += QString(",%1 (SMs)").arg(to_string(c));
  text += '\n';
  const TimeRange range = context_.range();
  for (const SmAllocation* sm : shown) {
    const QString prefix =
        csv_field(device_label(*trace_, sm->key)) + ',' + to_string(sm->method) + ',';
    for (std::size_t i = 0; i < sm->steps.size(); ++i) {
      const SmStep& step = sm->steps[i];
      const TimeNs end = i + 1 < sm->steps.size() ? sm->steps[i + 1].begin : sm->range.end;
      if (end <= range.begin || step.begin >= range.end) continue;
      text += prefix + QString("%1,%2,%3,%4,%5")
                           .arg(step.begin)
                           .arg(end)
                           .arg(step.comm)
                           .arg(step.compute)
                           .arg(sm->sm_count - step.comm - step.compute);
      for (const SpanClass c : classes) {
        text += ',' + QString::number(step.by_class[static_cast<std::size_t>(c)]);
      }
      text += '\n';
    }
  }
  return text;
}

QString SmView::pairsTsv() const {
  QString text = "comm SMs\tcompute SMs\ttime (ns)\tshare (%)\n";
  for (int r = 0; r < pairs_->rowCount(); ++r) {
    QStringList fields;
    for (int c = 0; c < pairs_->columnCount(); ++c) {
      fields << tsv_field(pairs_->item(r, c)->text()).remove(',');
    }
    text += fields.join('\t') + '\n';
  }
  return text;
}

}  // namespace moescope
