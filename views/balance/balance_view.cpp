#include "views/balance/balance_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QSplitter>
#include <QVBoxLayout>

#include "views/common/action.h"
#include "views/load/load_side.h"
#include "views/load/load_view.h"

namespace moescope {
namespace {

constexpr int kDelayMs = 80;

SeriesPicturePtr empty_picture(const QString& text) {
  auto picture = std::make_shared<SeriesPicture>();
  picture->empty_text = text;
  return picture;
}

/// The open loads are those of `before` with more windows.
bool grown(const LoadsPtr& before, const LoadDocument& document) {
  const LoadsPtr& now = document.loads();
  return document.growing() && before && now && before->source == now->source &&
         before->unit == now->unit;
}

}  // namespace

BalanceView::BalanceView(LoadDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      sums_(document, LoadSumKeeper::Of::Judged),
      metric_(make_metric_choice(this)),
      summary_(new QLabel(this)),
      tabs_(new QTabWidget(this)),
      gpus_(new SeriesChart(this)) {
  setAccessibleName(tr("Balance"));
  metric_->setObjectName("balanceMetric");
  summary_->setObjectName("balanceSummary");
  summary_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  summary_->setMinimumWidth(1);
  summary_->setWordWrap(true);
  tabs_->setObjectName("balanceTabs");
  tabs_->setDocumentMode(true);
  layers_ = addChart("balanceLayers", tr("Layers"),
                     tr("Imbalance of each layer now, before, and the lowest any plan can reach"));
  time_ = addChart("balanceTime", tr("Over time"), tr("Imbalance of every window of the loads"));
  curve_ = addChart("balanceCurve", tr("Redundancy"),
                    tr("How low redundant experts could bring the imbalance"));
  log_ = new BalanceLogView(document, this);
  waits_ = new WaitView(document, this);
  tabs_->addTab(log_, tr("Engine log"));
  tabs_->addTab(waits_, tr("Wait times"));
  tabs_->setTabToolTip(3, tr("Balance as the serving engine printed it"));
  tabs_->setTabToolTip(4, tr("Which ranks the others wait for, from a DeepXTrace log"));
  gpus_->setObjectName("balanceGpus");
  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(8, 4, 8, 0);
  bar->addWidget(metric_);
  bar->addWidget(summary_, 1);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(tabs_);
  splitter->addWidget(gpus_);
  splitter->setStretchFactor(0, 2);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({700, 400});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addLayout(bar);
  column->addWidget(splitter, 1);
  addActions();
  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, &BalanceView::compute);
  connect(&sums_, &LoadSumKeeper::sumsChanged, this, &BalanceView::reload);
  connect(&document, &LoadDocument::planChanged, this, &BalanceView::reload);
  connect(&document, &LoadDocument::assumedChanged, this, &BalanceView::reload);
  connect(&document, &LoadDocument::ruleChanged, this, &BalanceView::reload);
  connect(&document, &LoadDocument::awaitedChanged, this, &BalanceView::reload);
  connect(&selection, &Selection::placeChanged, this, &BalanceView::refreshPictures);
  connect(&selection, &Selection::hoveredPlaceChanged, this, [this] {
    layers_->setHighlight(selection_.hoveredPlace().layer);
    gpus_->setHighlight(selection_.hoveredPlace().gpu);
  });
  connect(&document, &LoadDocument::logsChanged, this, [this] {
    refreshPictures();
    if (document_.loads()) return;
    if (document_.balanceLog()) tabs_->setCurrentWidget(log_);
    if (document_.waitLog()) tabs_->setCurrentWidget(waits_);
  });
  connect(metric_, &QComboBox::currentIndexChanged, this, &BalanceView::refreshPictures);
  connect(layers_, &SeriesChart::placeSelected, this, [this](int layer) {
    selection_.setPlace({layer, -1, selection_.place().gpu});
  });
  connect(layers_, &SeriesChart::placeHovered, this, [this](int layer) {
    selection_.setHoveredPlace({layer, -1, -1});
  });
  connect(gpus_, &SeriesChart::placeSelected, this, [this](int gpu) {
    if (figures_)
      selection_.setPlace({layer_to_show(*figures_, selection_.place().layer), -1, gpu});
  });
  connect(gpus_, &SeriesChart::placeHovered, this, [this](int gpu) {
    selection_.setHoveredPlace({selection_.place().layer, -1, gpu});
  });
  connect(time_, &SeriesChart::placeSelected, this, [this](int window) {
    document_.setWindows({window, window + 1});
  });
  connect(&job_, &JobRunner::failed, this,
          [this](const QString& text) { summary_->setText(text); });
  showFigures(nullptr);
  reload();
}

SeriesChart* BalanceView::addChart(const char* name, const QString& title, const QString& tip) {
  auto* chart = new SeriesChart(this);
  chart->setObjectName(QLatin1String(name));
  tabs_->addTab(chart, title);
  tabs_->setTabToolTip(tabs_->count() - 1, tip);
  return chart;
}

void BalanceView::addActions() {
  connect(add_command(this, QStringLiteral("balance.copy"), tr("Copy balance chart as TSV"),
                      tr("Copy the values of the chart in front as tab-separated text"),
                      {QKeySequence::Copy}),
          &QAction::triggered, this,
          [this] { QApplication::clipboard()->setText(visibleText(QLatin1Char('\t'))); });
  connect(add_command(this, QStringLiteral("balance.copy_csv"), tr("Copy balance of layers as CSV"),
                      tr("Copy every measure of every layer as comma-separated text"), {}),
          &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
}

void BalanceView::reload() {
  if (!sums_.sums()) {
    delay_.stop();
    job_.abandon();
    return showFigures(nullptr);
  }
  if (!delay_.isActive()) delay_.start();
}

void BalanceView::compute() {
  const auto input = balance_input(document_, sums_.sums());
  if (!input) return;
  // Figures must be shown even when loads grow faster than figures are computed.
  if (job_.running() && grown(computed_, document_)) return delay_.start();
  computed_ = document_.loads();
  job_.start(
      tr("Balance of expert loads"),
      [input = *input, old = figures_](Progress& progress) {
        return make_balance_figures(input, old, progress);
      },
      [this](BalanceFiguresPtr figures) {
        const LoadsPtr& of = figures->input.sums->loads;
        if (of == document_.loads() || grown(of, document_)) showFigures(std::move(figures));
      });
}

void BalanceView::finish() {
  sums_.finish();
  if (!busy()) return;
  delay_.stop();
  job_.abandon();
  const auto input = balance_input(document_, sums_.sums());
  Progress progress;
  if (input) showFigures(make_balance_figures(*input, figures_, progress));
}

void BalanceView::showFigures(BalanceFiguresPtr figures) {
  figures_ = std::move(figures);
  refreshPictures();
  Q_EMIT figuresChanged();
}

void BalanceView::refreshPictures() {
  // A log alone gets all the space.
  const bool log_alone = !document_.loads() && !document_.empty();
  gpus_->setVisible(!log_alone);
  metric_->setVisible(!log_alone);
  if (!figures_) {
    for (SeriesChart* chart : {layers_, time_, curve_, gpus_})
      chart->setPicture(empty_picture(load_missing_text(document_)));
    summary_->clear();
    return;
  }
  const int layer = selection_.place().layer;
  const bool growing = document_.growing();
  const auto show = [growing](SeriesChart& chart, SeriesPicturePtr picture) {
    chart.setPicture(growing ? with_steady_extent(*picture, chart.picture()) : picture);
  };
  show(*layers_, layer_picture(*figures_, chosen_metric(*metric_)));
  show(*time_, time_picture(*figures_, layer));
  show(*curve_, curve_picture(*figures_));
  show(*gpus_, gpu_picture(*figures_, layer));
  const QString summary = balance_summary(*figures_);
  QStringList texts{summary, QString::fromStdString(figures_->input.now.note)};
  texts.insert(1, judgedText());
  texts.removeAll(QString());
  summary_->setText(texts.join(QLatin1Char(' ')));
  summary_->setToolTip(summary_->text());
  showSelection();
}

void BalanceView::showSelection() {
  const ModelPlace selection = selection_.place();
  layers_->setSelected(selection.layer);
  gpus_->setSelected(selection.gpu);
  const WindowRange windows = document_.windows();
  time_->setSelected(windows.count() == 1 ? windows.first : -1);
}

QString BalanceView::visibleText(QChar separator) const {
  if (tabs_->currentWidget() == waits_)
    return waits_->picture() ? heat_text(*waits_->picture(), separator) : QString();
  SeriesPicturePtr picture = log_->picture();
  for (const SeriesChart* chart : {layers_, time_, curve_})
    if (tabs_->currentWidget() == chart) picture = chart->picture();
  return picture && picture->places > 0 ? series_table(*picture, separator) : QString();
}

/// Why the figures are not of all chosen windows; empty when they are.
QString BalanceView::judgedText() const {
  return document_.judgedWindows() == document_.windows()
             ? QString()
             : tr("The other chosen windows made the plan.");
}

BalanceFileChart BalanceView::fileChart() const {
  return BalanceFileChart(BalanceContent{.figures = figures_,
                                         .metric = chosen_metric(*metric_),
                                         .layer = selection_.place().layer,
                                         .log = document_.balanceLog() ? log_->picture() : nullptr,
                                         .waits = waits_->picture(),
                                         .judged = judgedText(),
                                         .empty_text = load_missing_text(document_)});
}

void BalanceView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  finish();
  fileChart().paintChart(painter, size, theme);
}

QString BalanceView::csv() const {
  return fileChart().csv();
}

}  // namespace moescope
