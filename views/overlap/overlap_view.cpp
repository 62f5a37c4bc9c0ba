#include "views/overlap/overlap_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QMouseEvent>
#include <QPainter>
#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/chart_paint.h"
#include "views/common/units.h"
#include "views/overlap/figures.h"
#include "views/overlap/overlap_canvas.h"

namespace moescope {
namespace {

constexpr int kListedExposed = 200;

/// Sorts by number where the cell holds one.
class NumberItem : public QTableWidgetItem {
 public:
  NumberItem(const QString& text, std::optional<double> value)
      : QTableWidgetItem(text), value_(value) {
    setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  }
  bool operator<(const QTableWidgetItem& other) const override {
    const auto* number = dynamic_cast<const NumberItem*>(&other);
    if (number == nullptr) return QTableWidgetItem::operator<(other);
    return value_.value_or(-1) < number->value_.value_or(-1);
  }

 private:
  std::optional<double> value_;
};

void setup_table(QTableWidget* table, const QStringList& first_columns) {
  const auto& definitions = figure_definitions();
  const int first = static_cast<int>(first_columns.size());
  table->setColumnCount(first + static_cast<int>(definitions.size()));
  for (int c = 0; c < first; ++c) {
    table->setHorizontalHeaderItem(c, new QTableWidgetItem(first_columns[c]));
  }
  for (int i = 0; i < static_cast<int>(definitions.size()); ++i) {
    const FigureDefinition& d = definitions[static_cast<std::size_t>(i)];
    auto* item = new QTableWidgetItem(d.unit.isEmpty() ? d.label : d.label + " (" + d.unit + ")");
    item->setToolTip(d.definition);
    table->setHorizontalHeaderItem(first + i, item);
  }
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->verticalHeader()->hide();
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
}

void fill_row(QTableWidget* table, int row, const QStringList& first, const OverlapFigures& f) {
  for (int c = 0; c < first.size(); ++c) table->setItem(row, c, new QTableWidgetItem(first[c]));
  int column = static_cast<int>(first.size());
  for (const FigureDefinition& d : figure_definitions()) {
    QString text = figure_text(d, f);
    if (!d.unit.isEmpty()) text.remove(' ' + d.unit);
    auto* item = new NumberItem(text, d.value(f));
    item->setToolTip(d.label + ": " + d.definition +
                     (d.unit == "ns" ? "\n" + format_time(static_cast<TimeNs>(*d.value(f))) : ""));
    table->setItem(row, column++, item);
  }
}

}  // namespace

OverlapCanvas::OverlapCanvas(OverlapView& view) : QWidget(&view), view_(view) {
  setMinimumSize(240, 120);
  setObjectName("overlapCanvas");
  setAccessibleName(tr("Overlap of communication and compute"));
  setToolTip(tr("Click exposed communication (red) to go to where it happens"));
}

void OverlapCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  hits_ = paint_overlap_chart(painter, rect(), view_.chartInput(), theme);
}

void OverlapCanvas::mousePressEvent(QMouseEvent* event) {
  for (const OverlapChartHit& hit : hits_) {
    if (hit.exposed.adjusted(-3, 0, 3, 0).contains(event->position())) Q_EMIT exposedClicked();
  }
}

OverlapView::OverlapView(Document& document, ViewContext& context, QWidget* parent)
    : QWidget(parent), document_(document), context_(context) {
  window_ = new QComboBox(this);
  window_->setObjectName("overlapWindow");
  window_->addItems({tr("Whole trace"), tr("Visible range"), tr("Selected area")});
  window_->setToolTip(tr("What the figures are cut to"));
  canvas_ = new OverlapCanvas(*this);
  buildTables();
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* tabs = new QTabWidget(this);
  tabs->addTab(figures_, tr("Per device"));
  tabs->addTab(scopes_, tr("Per scope"));
  tabs->addTab(exposed_table_, tr("Longest exposed"));
  auto* splitter = new QSplitter(Qt::Vertical, this);
  splitter->addWidget(canvas_);
  splitter->addWidget(tabs);
  layout->addWidget(window_);
  layout->addWidget(splitter, 1);
  addActions();
  connect(&document, &Document::analysisChanged, this, &OverlapView::reload);
  connect(&context, &ViewContext::processFilterChanged, this, &OverlapView::reload);
  connect(&context, &ViewContext::rangeChanged, this, [this] {
    if (window_->currentIndex() == VisibleRange) refreshWindow();
  });
  connect(&context, &ViewContext::selectionChanged, this, [this] {
    if (window_->currentIndex() == SelectedArea) refreshWindow();
  });
  connect(window_, &QComboBox::currentIndexChanged, this, &OverlapView::refreshWindow);
  connect(canvas_, &OverlapCanvas::exposedClicked, this, &OverlapView::showNextExposed);
  reload();
}

void OverlapView::buildTables() {
  figures_ = new QTableWidget(this);
  figures_->setObjectName("overlapFigures");
  setup_table(figures_, {tr("Device")});
  scopes_ = new QTableWidget(this);
  scopes_->setObjectName("overlapScopes");
  setup_table(scopes_, {tr("Kind"), tr("Scope"), tr("Device"), tr("Occurrences")});
  exposed_table_ = new QTableWidget(0, 3, this);
  exposed_table_->setObjectName("overlapExposed");
  exposed_table_->setHorizontalHeaderLabels({tr("Device"), tr("Start (ns)"), tr("Length (ns)")});
  exposed_table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  exposed_table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  exposed_table_->setToolTip(
      tr("The longest intervals in which only communication ran; activate "
         "one to show it"));
  connect(exposed_table_, &QTableWidget::cellActivated, this, [this](int row) {
    const auto index = exposed_table_->item(row, 0)->data(Qt::UserRole).toUInt();
    if (index < exposed_.size()) goTo(exposed_[index]);
  });
}

void OverlapView::addActions() {
  const auto add = [this](const char* name, const QString& text, const QString& tip,
                          const QKeySequence& keys, auto slot) {
    auto* action = new QAction(text, this);
    action->setObjectName(name);
    action->setToolTip(tip);
    action->setShortcut(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, slot);
    addAction(action);
  };
  add("overlapNextExposed", tr("Next exposed communication"),
      tr("Show the next interval in which only communication runs"), QKeySequence("E"),
      &OverlapView::showNextExposed);
  add("overlapPreviousExposed", tr("Previous exposed communication"),
      tr("Show the previous interval in which only communication runs"), QKeySequence("Shift+E"),
      &OverlapView::showPreviousExposed);
  add("overlapCopy", tr("Copy overlap table as TSV"),
      tr("Copy the visible table as tab-separated text"), QKeySequence::Copy, [this] {
        for (const QTableWidget* table : {figures_, scopes_, exposed_table_}) {
          if (table->isVisible()) QApplication::clipboard()->setText(tableTsv(*table));
        }
      });
}

bool OverlapView::shows(const DeviceKey& key) const {
  return !context_.processFilter() || *context_.processFilter() == key.process;
}

void OverlapView::reload() {
  if (document_.analysis() || !document_.trace()) {
    trace_ = document_.trace();
    analysis_ = document_.analysis();
  }
  exposed_.clear();
  if (analysis_) {
    for (const DeviceActivity& activity : analysis_->activity) {
      if (!shows(activity.key)) continue;
      const IntervalSet exposed = activity.comm.subtract(activity.compute);
      for (const TimeRange& range : exposed.intervals()) exposed_.push_back({activity.key, range});
    }
  }
  std::stable_sort(exposed_.begin(), exposed_.end(), [](const Exposed& a, const Exposed& b) {
    return a.range.begin < b.range.begin;
  });
  refreshWindow();
  fillScopes();
  fillExposed();
}

void OverlapView::refreshWindow() {
  if (!analysis_ || !trace_) {
    window_figures_.clear();
    fillFigures();
    return;
  }
  std::optional<TimeRange> window;
  if (window_->currentIndex() == VisibleRange) window = context_.range();
  if (window_->currentIndex() == SelectedArea && context_.area()) window = context_.area()->range;
  if (!window) {
    window_figures_ = analysis_->overlap;
    shown_window_.reset();
    fillFigures();
    return;
  }
  job_.start(
      tr("Overlap of the chosen range"),
      [trace = trace_, analysis = analysis_, window](Progress&) {
        return analyze_overlap(*trace, *analysis->classes, window);
      },
      [this, window](std::vector<DeviceOverlap> figures) {
        shown_window_ = window;
        window_figures_ = std::move(figures);
        fillFigures();
      });
}

void OverlapView::fillFigures() {
  const OverlapChartInput input = chartInput();
  figures_->setRowCount(static_cast<int>(input.devices.size()));
  for (int r = 0; r < figures_->rowCount(); ++r) {
    const DeviceOverlap& device = input.devices[static_cast<std::size_t>(r)];
    fill_row(figures_, r, {device_label(*trace_, device.key)}, device.figures);
  }
  figures_->resizeColumnsToContents();
  canvas_->update();
  Q_EMIT figuresChanged();
}

void OverlapView::fillScopes() {
  scopes_->setSortingEnabled(false);
  scopes_->setRowCount(0);
  if (!analysis_) return;
  for (const ScopeOverlap& scope : analysis_->scopes) {
    if (!shows(scope.key)) continue;
    const int row = scopes_->rowCount();
    scopes_->insertRow(row);
    fill_row(scopes_, row,
             {QString::fromStdString(scope.kind).replace('_', '-'),
              QString::fromStdString(scope.name), device_label(*trace_, scope.key), QString()},
             scope.figures);
    scopes_->setItem(
        row, 3, new NumberItem(format_count(scope.windows), static_cast<double>(scope.windows)));
  }
  scopes_->setSortingEnabled(true);
  scopes_->resizeColumnsToContents();
}

void OverlapView::fillExposed() {
  std::vector<std::size_t> order(exposed_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return exposed_[a].range.length() > exposed_[b].range.length();
  });
  if (order.size() > kListedExposed) order.resize(kListedExposed);
  exposed_table_->setRowCount(static_cast<int>(order.size()));
  for (int r = 0; r < exposed_table_->rowCount(); ++r) {
    const std::size_t index = order[static_cast<std::size_t>(r)];
    const Exposed& e = exposed_[index];
    auto* device = new QTableWidgetItem(device_label(*trace_, e.key));
    device->setData(Qt::UserRole, static_cast<uint>(index));
    exposed_table_->setItem(r, 0, device);
    const auto number = [](TimeNs ns) {
      return new NumberItem(format_count(static_cast<quint64>(ns)), static_cast<double>(ns));
    };
    exposed_table_->setItem(r, 1, number(e.range.begin));
    exposed_table_->setItem(r, 2, number(e.range.length()));
  }
  exposed_table_->resizeColumnsToContents();
}

void OverlapView::goTo(const Exposed& exposed) {
  const TimeNs margin = std::max<TimeNs>(exposed.range.length(), 1000);
  context_.setRange({exposed.range.begin - margin, exposed.range.end + margin});
  context_.setArea(AreaSelection{exposed.range, {}});
}

void OverlapView::showNextExposed() {
  const TimeNs after = context_.area() ? context_.area()->range.begin : -1;
  for (const Exposed& e : exposed_) {
    if (e.range.begin > after) return goTo(e);
  }
  if (!exposed_.empty()) goTo(exposed_.front());
}

void OverlapView::showPreviousExposed() {
  const TimeNs before = context_.area() ? context_.area()->range.begin : context_.full().end;
  for (auto e = exposed_.rbegin(); e != exposed_.rend(); ++e) {
    if (e->range.begin < before) return goTo(*e);
  }
  if (!exposed_.empty()) goTo(exposed_.back());
}

OverlapChartInput OverlapView::chartInput() const {
  OverlapChartInput input{trace_.get(), {}, shown_window_};
  for (const DeviceOverlap& device : window_figures_) {
    if (shows(device.key)) input.devices.push_back(device);
  }
  return input;
}

void OverlapView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_overlap_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), chartInput(), theme);
}

QString OverlapView::csv() const {
  QString text = "device";
  for (const FigureDefinition& d : figure_definitions()) {
    text += ',' + csv_field(d.unit.isEmpty() ? d.label : d.label + " (" + d.unit + ")");
  }
  text += '\n';
  for (const DeviceOverlap& device : chartInput().devices) {
    text += csv_field(device_label(*trace_, device.key));
    for (const FigureDefinition& d : figure_definitions()) {
      text += ',' + figure_number(d, device.figures);
    }
    text += '\n';
  }
  return text;
}

QString OverlapView::tableTsv(const QTableWidget& table) const {
  QString text;
  QStringList fields;
  for (int c = 0; c < table.columnCount(); ++c) {
    fields << tsv_field(table.horizontalHeaderItem(c)->text());
  }
  text += fields.join('\t') + '\n';
  for (int r = 0; r < table.rowCount(); ++r) {
    fields.clear();
    for (int c = 0; c < table.columnCount(); ++c) {
      const QTableWidgetItem* item = table.item(r, c);
      QString field = item == nullptr ? QString() : tsv_field(item->text());
      if (dynamic_cast<const NumberItem*>(item) != nullptr) field.remove(',');
      fields << field;
    }
    text += fields.join('\t') + '\n';
  }
  return text;
}

}  // namespace moescope
