#include "views/load/load_side.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>
#include <limits>

#include "core/loads/balance.h"
#include "views/common/units.h"

namespace moescope {
namespace {

using Index = std::size_t;
enum Of { kOfGpus, kOfExperts };

/// Selects a row and scrolls to it; -1: none.
void show_row(QTableView* table, int row) {
  if (row >= 0) table->selectRow(row);
}

QString tr_metric(const char* text) {
  return QCoreApplication::translate("BalanceMetric", text);
}

}  // namespace

QString metric_label(BalanceMetric metric) {
  switch (metric) {
    case BalanceMetric::MaxOverMean:
      return tr_metric("max / mean (imbalance)");
    case BalanceMetric::MeanOverMax:
      return tr_metric("mean / max (balancedness)");
    case BalanceMetric::Excess:
      return tr_metric("(max - mean) / mean (excess)");
    case BalanceMetric::Gini:
      return tr_metric("Gini coefficient");
    case BalanceMetric::Cv:
      return tr_metric("standard deviation / mean (CV)");
  }
  return {};
}

QString metric_definition(BalanceMetric metric) {
  switch (metric) {
    case BalanceMetric::MaxOverMean:
      return tr_metric("Heaviest load of the layer / mean load; 1.00 is perfect");
    case BalanceMetric::MeanOverMax:
      return tr_metric(
          "Mean load of the layer / heaviest load; 1.00 is perfect. SGLang prints its mean over "
          "all layers, dense ones as 1, and over passes; vLLM the sum of means / sum of heaviest");
    case BalanceMetric::Excess:
      return tr_metric(
          "By how much the heaviest load exceeds the mean; 0 is perfect. TensorRT-LLM reports its "
          "mean over iterations");
    case BalanceMetric::Gini:
      return tr_metric("0: all loads are alike; towards 1: one has all");
    case BalanceMetric::Cv:
      return tr_metric("Coefficient of variation: 0 when all loads are alike");
  }
  return {};
}

QComboBox* make_metric_choice(QWidget* parent) {
  auto* choice = new QComboBox(parent);
  choice->setAccessibleName(tr_metric("Measure of balance"));
  choice->setToolTip(tr_metric("Measure of balance"));
  for (const BalanceMetric metric : kBalanceMetrics) {
    choice->addItem(metric_label(metric), static_cast<int>(metric));
    choice->setItemData(choice->count() - 1, metric_definition(metric), Qt::ToolTipRole);
  }
  return choice;
}

BalanceMetric chosen_metric(const QComboBox& choice) {
  return static_cast<BalanceMetric>(choice.currentData().toInt());
}

LoadSide::LoadSide(LoadDocument& document, Selection& selection, QWidget* parent)
    : QTabWidget(parent),
      document_(document),
      selection_(selection),
      metric_(make_metric_choice(this)),
      of_(new QComboBox(this)),
      imbalance_(new SeriesChart(this)),
      drift_text_(new QLabel(this)),
      notes_(new QTextBrowser(this)) {
  setObjectName("loadSide");
  setDocumentMode(true);
  auto* drift = new QWidget(this);
  auto* column = new QVBoxLayout(drift);
  column->setContentsMargins(0, 4, 0, 0);
  drift_text_->setObjectName("loadDriftText");
  drift_text_->setWordWrap(true);
  drift_text_->setContentsMargins(6, 0, 6, 0);
  column->addWidget(drift_text_);
  column->addWidget(makeTable(&drift_, "loadDrift", tr("Drift of each layer")), 1);
  notes_->setObjectName("loadNotes");
  notes_->setFrameShape(QFrame::NoFrame);
  notes_->setAccessibleName(tr("What to know about these loads"));
  addTab(makeTable(&hottest_, "loadHottest", tr("Hottest experts")), tr("Hottest"));
  addTab(makeTable(&coldest_, "loadColdest", tr("Coldest experts")), tr("Coldest"));
  addTab(makeImbalance(), tr("Imbalance"));
  addTab(drift, tr("Drift"));
  addTab(notes_, tr("Notes"));
  setTabToolTip(0, tr("Experts with the most tokens against the mean of their layer"));
  setTabToolTip(1, tr("Experts with the fewest tokens against the mean of their layer"));
  setTabToolTip(2, tr("How uneven the loads of each layer are"));
  setTabToolTip(3, tr("How far the loads moved from the windows they are compared with"));
  setTabToolTip(4, tr("Source of the loads, and notes about them"));
  connect(&selection, &Selection::placeChanged, this, [this] {
    refreshLists();
    imbalance_->setSelected(selection_.place().layer);
  });
  connect(&selection, &Selection::hoveredPlaceChanged, this,
          [this] { imbalance_->setHighlight(selection_.hoveredPlace().layer); });
}

QTableView* LoadSide::makeTable(QAbstractItemModel* model, const char* name, const QString& title) {
  auto* table = new QTableView(this);
  table->setObjectName(QLatin1String(name));
  table->setAccessibleName(title);
  table->setModel(model);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setFrameShape(QFrame::NoFrame);
  table->setShowGrid(false);
  table->setAlternatingRowColors(true);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  table->horizontalHeader()->setStretchLastSection(true);
  const auto choose = [this, model](const QModelIndex& index) {
    const ModelPlace found = model == &drift_     ? drift_.at(index.row())
                             : model == &hottest_ ? hottest_.at(index.row())
                                                  : coldest_.at(index.row());
    selection_.setPlace(found);
  };
  connect(table, &QTableView::activated, this, choose);
  connect(table, &QTableView::clicked, this, choose);
  return table;
}

QWidget* LoadSide::makeImbalance() {
  metric_->setObjectName("loadMetric");
  metric_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  metric_->setMinimumContentsLength(6);  // or its longest entry would widen the column
  of_->setObjectName("loadMetricOf");
  of_->setAccessibleName(tr("Whose loads are measured"));
  of_->setToolTip(tr("Whose loads are measured"));
  of_->addItem(tr("of GPUs"), kOfGpus);
  of_->addItem(tr("of experts"), kOfExperts);
  imbalance_->setObjectName("loadImbalance");
  auto* page = new QWidget(this);
  auto* bar = new QHBoxLayout;
  bar->addWidget(metric_, 1);
  bar->addWidget(of_);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(4, 4, 0, 0);
  column->addLayout(bar);
  column->addWidget(imbalance_, 1);
  connect(metric_, &QComboBox::currentIndexChanged, this, &LoadSide::refreshImbalance);
  connect(of_, &QComboBox::currentIndexChanged, this, &LoadSide::refreshImbalance);
  connect(imbalance_, &SeriesChart::placeSelected, this, [this](int layer) {
    selection_.setPlace({layer, -1, -1});
  });
  connect(imbalance_, &SeriesChart::placeHovered, this, [this](int layer) {
    selection_.setHoveredPlace({layer, -1, -1});
  });
  return page;
}

void LoadSide::setInput(const LoadPictureInput& input) {
  input_ = input;
  refreshLists();
  refreshImbalance();
  refreshDrift();
  refreshNotes();
}

void LoadSide::refreshLists() {
  const int layer = selection_.place().layer;
  hottest_.setInput(input_, selection_.place());
  coldest_.setInput(input_, selection_.place());
  show_row(findChild<QTableView*>("loadHottest"), hottest_.markedRow());
  show_row(findChild<QTableView*>("loadColdest"), coldest_.markedRow());
  const QString of = layer < 0 || !input_.sums
                         ? QString()
                         : tr(" of %1").arg(layer_name(*input_.sums->loads, layer));
  setTabText(0, tr("Hottest%1").arg(of));
  setTabText(1, tr("Coldest%1").arg(of));
}

void LoadSide::refreshImbalance() {
  auto picture = std::make_shared<SeriesPicture>();
  picture->empty_text = tr("No expert loads are open.");
  if (input_.sums) {
    const auto metric = chosen_metric(*metric_);
    const bool experts = of_->currentData().toInt() == kOfExperts;
    const auto& loads = input_.sums->loads;
    picture->title =
        tr("%1 of %2 by layer").arg(metric_label(metric), experts ? tr("experts") : tr("GPUs"));
    picture->note = experts ? windows_text(*loads, input_.sums->windows) : gpus_text(input_);
    picture->x_name = tr("Layer");
    picture->y_name = metric_label(metric);
    picture->places = loads->layers();
    picture->base = metric == BalanceMetric::MaxOverMean ? 1 : 0;
    picture->x_label = [loads](int layer) {
      return layer_name(*loads, layer).section(QLatin1Char(' '), 1);
    };
    ChartSeries now;
    now.name = tr("shown windows");
    now.values = layer_balance(input_.sums->shown, experts ? nullptr : &input_.gpus.plan, metric);
    picture->series.push_back(now);
    if (input_.sums->reference) {
      ChartSeries before;
      before.name = tr("windows compared with");
      before.style = ChartSeries::Style::Level;
      before.role = ChartSeries::Role::Worst;
      before.values =
          layer_balance(*input_.sums->reference, experts ? nullptr : &input_.gpus.plan, metric);
      picture->series.push_back(before);
    }
  }
  imbalance_->setPicture(input_.growing ? with_steady_extent(*picture, imbalance_->picture())
                                        : std::move(picture));
  imbalance_->setSelected(selection_.place().layer);
  imbalance_->setToolTip(metric_definition(chosen_metric(*metric_)));
}

void LoadSide::refreshDrift() {
  drift_.setSums(input_.sums);
  const auto found = drift_.meanAndMost();
  if (!found && input_.sums && input_.sums->reference_windows) {
    drift_text_->setText(tr(
        "All windows to compare with are shown. Show fewer windows, for example the second half."));
    return;
  }
  if (!found) {
    drift_text_->setText(
        tr("Choose windows at \"Compare with\" to see how far the loads moved since."));
    return;
  }
  drift_text_->setText(tr("Against %1: %2 of the tokens go to another expert on average, %3 in the "
                          "layer that moved most.")
                           .arg(reference_text(*input_.sums), format_percent(100 * found->first),
                                format_percent(100 * found->second)));
}

void LoadSide::refreshNotes() {
  QStringList lines;
  if (input_.sums) {
    const LoadSet& loads = *input_.sums->loads;
    lines << tr("<b>%1</b>").arg(QString::fromStdString(loads.source).toHtmlEscaped())
          << QString::fromStdString(loads.format).toHtmlEscaped()
          << tr("GPU figures are %1.").arg(gpus_text(input_));
    if (!input_.gpus.note.empty())
      lines << QString::fromStdString(input_.gpus.note).toHtmlEscaped();
    if (!loads.ordered_in_time) lines << tr("The windows are not in chronological order.");
    for (const std::string& note : loads.notes)
      lines << QString::fromStdString(note).toHtmlEscaped();
  }
  notes_->setHtml("<p>" + lines.join("</p><p>") + "</p>");
  const auto traps = input_.sums ? input_.sums->loads->notes.size() : 0;
  setTabText(4, traps == 0 ? tr("Notes") : tr("Notes (%1)").arg(traps));
}

QString LoadSide::text(QChar separator) const {
  if (currentIndex() == 2)
    return imbalance_->picture() && imbalance_->picture()->places > 0
               ? series_table(*imbalance_->picture(), separator)
               : QString();
  if (currentIndex() == 4) return notes_->toPlainText();
  const QAbstractItemModel* models[] = {&hottest_, &coldest_, nullptr, &drift_};
  return table_text(*models[currentIndex()], separator);
}

}  // namespace moescope
