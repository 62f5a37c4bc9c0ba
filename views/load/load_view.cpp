#include "views/load/load_view.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>

#include "core/loads/rule_of_loads.h"
#include "views/common/action.h"

namespace moescope {
namespace {

constexpr int kNarrow = 700, kLowest = 420;     // px
constexpr int kLargeLine = 20;                  // px, height of large text
constexpr int kFileShare = 4, kLeastFile = 90;  // part of the width, px

/// A set in the list of all: by its unit, and by its file where there are several.
QString set_name(const LoadSet& set, const std::vector<LoadsPtr>& all) {
  const bool one_source = std::all_of(all.begin(), all.end(), [&set](const LoadsPtr& other) {
    return other->source == set.source;
  });
  const QString unit = QString::fromStdString(set.unit);
  if (one_source) return unit.isEmpty() ? LoadView::tr("Loads") : unit;
  const QString file = QFileInfo(QString::fromStdString(set.source)).fileName();
  return unit.isEmpty() ? file : QStringLiteral("%1, %2").arg(file, unit);
}

}  // namespace

LoadView::LoadView(LoadDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      sums_(document),
      file_(new QLabel(this)),
      unit_(new QComboBox(this)),
      kind_(new QComboBox(this)),
      scale_(new QComboBox(this)),
      gpus_(new QSpinBox(this)),
      nodes_(new QSpinBox(this)),
      groups_(new QSpinBox(this)),
      windows_(new WindowBar(document, this)),
      map_(new HeatMap(this)),
      cell_(new QLabel(this)),
      side_(new LoadSide(document, selection, this)) {
  setAccessibleName(tr("Expert load"));
  map_->setObjectName("loadMap");
  map_->setEmptyText(load_missing_text(document));
  map_->setCellText([this](HeatCell cell) { return load_cell_text(shown_, cell); });
  cell_->setObjectName("loadCell");
  cell_->setContentsMargins(8, 0, 8, 2);
  cell_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  cell_->setMinimumWidth(1);
  auto* left = new QWidget(this);
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(4, 4, 0, 0);
  column->setSpacing(2);
  column->addWidget(makeBar());
  column->addWidget(windows_);
  column->addWidget(map_, 1);
  column->addWidget(cell_);
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  body_ = new QSplitter(this);
  body_->addWidget(left);
  body_->addWidget(side_);
  body_->setStretchFactor(0, 3);
  body_->setStretchFactor(1, 1);
  body_->setSizes({720, 440});
  layout->addWidget(body_);
  addActions();
  connect(&sums_, &LoadSumKeeper::sumsChanged, this, &LoadView::reload);
  for (const auto change : {&LoadDocument::planChanged, &LoadDocument::ruleChanged,
                            &LoadDocument::assumedChanged, &LoadDocument::awaitedChanged})
    connect(&document, change, this, &LoadView::reload);
  connect(&selection, &Selection::placeChanged, this, &LoadView::showSelection);
  connect(&selection, &Selection::hoveredPlaceChanged, this, [this] {
    if (!map_->hovered().valid()) map_->setHighlight(cell_of(shown_, selection_.hoveredPlace()));
  });
  connect(windows_, &WindowBar::referenceChosen, this, &LoadView::showChange);
  connect(map_, &HeatMap::cellSelected, this, &LoadView::select);
  connect(map_, &HeatMap::cellHovered, this, &LoadView::hover);
  reload();
}

QWidget* LoadView::makeBar() {
  unit_->setObjectName("loadUnit");
  unit_->setAccessibleName(tr("Unit or file whose loads are shown"));
  unit_->setToolTip(
      tr("Prefill and decode, and files of different kinds, have separate loads, GPUs and plans"));
  kind_->setObjectName("loadKind");
  kind_->setAccessibleName(tr("Heatmap shown"));
  kind_->setToolTip(tr("What the heatmap shows"));
  const QList<QPair<QString, LoadPictureKind>> kinds = {
      {tr("Layer x expert"), LoadPictureKind::LayerExpert},
      {tr("GPU x layer"), LoadPictureKind::GpuLayer},
      {tr("Expert x time"), LoadPictureKind::ExpertTime},
      {tr("Node x layer"), LoadPictureKind::NodeLayer},
      {tr("Layer x group"), LoadPictureKind::LayerGroup}};
  for (const auto& [text, kind] : kinds) kind_->addItem(text, static_cast<int>(kind));
  scale_->setObjectName("loadScale");
  scale_->setAccessibleName(tr("Scale of the colours"));
  scale_->setToolTip(
      tr("Relative to mean: 1.00 is the mean load of the layer's experts or GPUs. Linear and log: "
         "tokens; a token that is routed to k experts counts k times. Change: against the windows "
         "to compare with"));
  const QList<QPair<QString, HeatScale>> scales = {{tr("Relative to mean"), HeatScale::Relative},
                                                   {tr("Linear"), HeatScale::Linear},
                                                   {tr("Log"), HeatScale::Log},
                                                   {tr("Change"), HeatScale::Change}};
  for (const auto& [text, scale] : scales) scale_->addItem(text, static_cast<int>(scale));
  auto* bar = new QWidget(this);
  auto* layout = new QHBoxLayout(bar);
  layout->setContentsMargins(4, 0, 4, 0);
  file_->setObjectName("loadFile");
  file_->setAccessibleName(tr("File of the loads"));
  file_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  layout->addWidget(file_);
  layout->addWidget(unit_);
  layout->addWidget(kind_);
  layout->addWidget(scale_);
  assumptions_ = makeAssumptions();
  layout->addWidget(assumptions_);
  layout->addStretch(1);
  connect(unit_, &QComboBox::activated, this, [this](int index) { document_.showSet(index); });
  connect(kind_, &QComboBox::currentIndexChanged, this, &LoadView::reload);
  connect(scale_, &QComboBox::currentIndexChanged, this, &LoadView::reload);
  return bar;
}

QWidget* LoadView::makeAssumptions() {
  auto* box = new QWidget(this);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(0, 0, 0, 0);
  const auto add = [&](QSpinBox* spin, const char* name, const QString& prefix,
                       const QString& tip) {
    spin->setObjectName(QLatin1String(name));
    spin->setRange(1, kMaxPlanGpus);
    spin->setPrefix(prefix);
    spin->setToolTip(tip);
    spin->setAccessibleName(tip);
    spin->setKeyboardTracking(false);
    layout->addWidget(spin);
    connect(spin, &QSpinBox::valueChanged, this, &LoadView::applyAssumptions);
  };
  add(gpus_, "loadGpus", tr("GPUs "),
      tr("GPUs that share the experts, when the loads do not have their number"));
  add(nodes_, "loadNodes", tr("Nodes "),
      tr("Nodes of these GPUs, when the loads do not have their number"));
  add(groups_, "loadGroups", tr("Groups "),
      tr("Groups of consecutive experts, when the loads do not have their number"));
  return box;
}

void LoadView::addActions() {
  const auto add = [this](const char* name, const QString& text, const QString& tip,
                          const QList<QKeySequence>& keys, auto slot) {
    connect(add_command(this, QLatin1String(name), text, tip, keys), &QAction::triggered, this,
            slot);
  };
  add("load.copy", tr("Copy heatmap as TSV"),
      tr("Copy the values of the heatmap as tab-separated text"), {QKeySequence::Copy}, [this] {
        if (map_->picture())
          QApplication::clipboard()->setText(heat_text(*map_->picture(), QLatin1Char('\t')));
      });
  add("load.copy_csv", tr("Copy heatmap as CSV"),
      tr("Copy the values of the heatmap as comma-separated text"), {},
      [this] { QApplication::clipboard()->setText(csv()); });
  add("load.copy_side", tr("Copy table beside the heatmap as TSV"),
      tr("Copy the list, chart or drift beside the heatmap as tab-separated text"), {},
      [this] { QApplication::clipboard()->setText(side_->text(QLatin1Char('\t'))); });
  add("load.fit", tr("Show the whole heatmap"), tr("Zoom out to all rows and columns"), {},
      [this] { map_->fit(); });
  add("load.next_windows", tr("Next windows of loads"),
      tr("Move the window selection forward by its length"), {QKeySequence(".")},
      [this] { windows_->step(1); });
  add("load.previous_windows", tr("Previous windows of loads"),
      tr("Move the window selection back by its length"), {QKeySequence(",")},
      [this] { windows_->step(-1); });
  add("load.all_windows", tr("All windows of loads"), tr("Sum over all windows"), {},
      [this] { windows_->showAll(); });
  add("load.keep_reference", tr("Compare later windows with these"),
      tr("Use the shown windows as the reference for comparisons"), {},
      [this] { windows_->keepAsReference(); });
}

void LoadView::setKind(LoadPictureKind kind) {
  kind_->setCurrentIndex(kind_->findData(static_cast<int>(kind)));
}

void LoadView::setScale(HeatScale scale) {
  scale_->setCurrentIndex(scale_->findData(static_cast<int>(scale)));
}

/// Choosing windows to compare with switches to the difference; clearing them switches back.
void LoadView::showChange(bool compared) {
  const auto now = static_cast<HeatScale>(scale_->currentData().toInt());
  const auto kind = static_cast<LoadPictureKind>(kind_->currentData().toInt());
  if (compared && now != HeatScale::Change && kind != LoadPictureKind::ExpertTime) {
    scale_before_ = now;
    setScale(HeatScale::Change);
  } else if (!compared && now == HeatScale::Change) {
    setScale(scale_before_);
  }
}

int LoadView::layerOfTime() const {
  return std::max(0, selection_.place().layer);
}

LoadPictureInput LoadView::pictureInput() const {
  LoadPictureInput input;
  input.sums = sums_.sums();
  input.kind = static_cast<LoadPictureKind>(kind_->currentData().toInt());
  input.scale = static_cast<HeatScale>(scale_->currentData().toInt());
  if (!input.sums) return input;
  // The sums may still be of the loads before.
  input.gpus = input.sums->loads == document_.loads()
                   ? *document_.placement()
                   : placement_of_loads(*input.sums->loads, nullptr, {});
  input.rule = document_.rule();
  input.gpus.plan = under_rule(input.gpus.plan, input.rule, input.sums->shown, *input.sums->loads);
  input.layer = std::min(layerOfTime(), input.sums->loads->layers() - 1);
  input.growing = document_.growing();
  // The scale of the picture on screen is kept while that shows the same of other windows.
  const bool same = shown_.growing && shown_.kind == input.kind && shown_.scale == input.scale &&
                    shown_set_ == document_.shownSet() &&
                    (input.kind != LoadPictureKind::ExpertTime || shown_.layer == input.layer);
  if (input.growing && same && map_->picture()) input.before = map_->picture()->colors.extent();
  return input;
}

/// Beside a narrow plan the lists stand below the heatmap.
/// The lists go below the heatmap before anything is cut: see resizeEvent().
QSize LoadView::minimumSizeHint() const {
  const QSize beside = QWidget::minimumSizeHint();
  if (fontMetrics().height() > kLargeLine) return beside;  // the dock scrolls then
  int most = 0;
  for (int i = 0; i < layout()->count(); ++i)
    if (const QLayoutItem* item = layout()->itemAt(i); item->widget() != body_)
      most = std::max(most, item->minimumSize().width());
  for (int i = 0; i < body_->count(); ++i)
    most = std::max(most, body_->widget(i)->minimumSizeHint().width());
  return {std::min(beside.width(), most), beside.height()};
}

void LoadView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const auto wanted = width() < kNarrow && height() > kLowest ? Qt::Vertical : Qt::Horizontal;
  if (body_->orientation() != wanted) body_->setOrientation(wanted);
  showFile();
}

/// Which file the loads are of, whatever else is open.
void LoadView::showFile() {
  const LoadsPtr& loads = document_.loads();
  file_->setVisible(loads != nullptr);
  if (!loads) return;
  const QString source = QString::fromStdString(loads->source);
  const QString name = QFileInfo(source).fileName();
  file_->setText(
      fontMetrics().elidedText(name, Qt::ElideMiddle, std::max(width() / kFileShare, kLeastFile)));
  file_->setToolTip(QStringLiteral("%1\n%2").arg(source, QString::fromStdString(loads->format)));
}

/// The sums of one node are the means of the layers: a picture without anything in it.
bool LoadView::oneNode() const {
  return shown_.sums && shown_.kind == LoadPictureKind::NodeLayer && shown_.gpus.plan.num_nodes < 2;
}

void LoadView::reload() {
  showFile();
  {
    const QSignalBlocker blocker(unit_);
    unit_->clear();
    for (const LoadsPtr& set : document_.sets()) unit_->addItem(set_name(*set, document_.sets()));
    unit_->setCurrentIndex(document_.shownSet());
    unit_->setVisible(unit_->count() > 1);
  }
  refreshPicture();
  refreshAssumptions();
}

void LoadView::refreshPicture() {
  shown_ = pictureInput();
  shown_set_ = document_.shownSet();
  auto picture = oneNode() ? nullptr : make_load_picture(shown_);
  if (!shown_.sums)
    map_->setEmptyText(load_missing_text(document_));
  else if (oneNode())
    map_->setEmptyText(
        shown_.sums->loads->num_nodes || shown_.gpus.origin == PlacementOfLoads::Origin::Plan
            ? tr("All GPUs are on one node, so there is nothing to compare. Choose \"GPU x layer\" "
                 "to see them.")
            : tr("The loads do not say how many nodes the GPUs are on. Set their number at "
                 "\"Nodes\" above, or choose \"GPU x layer\"."));
  else if (!picture && shown_.kind == LoadPictureKind::ExpertTime)
    map_->setEmptyText(
        tr("The scale Change does not apply to experts over time. Choose another scale or another "
           "heatmap."));
  else
    map_->setEmptyText(
        shown_.sums->reference_windows
            ? tr("All windows to compare with are shown. Show fewer windows.")
            : tr("There is nothing to compare with. Choose windows at \"Compare with\"."));
  map_->setPicture(std::move(picture));
  side_->setInput(shown_);
  showSelection();
  Q_EMIT pictureChanged();
}

void LoadView::refreshAssumptions() {
  const bool gpus =
      shown_.kind == LoadPictureKind::GpuLayer || shown_.kind == LoadPictureKind::NodeLayer;
  const bool known = shown_.gpus.origin == PlacementOfLoads::Origin::Plan || !shown_.sums;
  const LoadSet* loads = shown_.sums ? shown_.sums->loads.get() : nullptr;
  const QSignalBlocker a(gpus_), b(nodes_), c(groups_);
  gpus_->setValue(shown_.gpus.plan.num_gpus);
  nodes_->setValue(shown_.gpus.plan.num_nodes);
  groups_->setValue(shown_.gpus.groups);
  gpus_->setVisible(gpus && !known && !loads->num_gpus);
  nodes_->setVisible(gpus && !known && !loads->num_nodes);
  groups_->setVisible(shown_.kind == LoadPictureKind::LayerGroup && loads != nullptr &&
                      shown_.gpus.plan.num_groups == 1);
}

void LoadView::applyAssumptions() {
  AssumedLayout assumed = document_.assumed();
  if (sender() == gpus_) assumed.gpus = gpus_->value();
  if (sender() == nodes_) assumed.nodes = nodes_->value();
  if (sender() == groups_) assumed.groups = groups_->value();
  document_.setAssumed(assumed);
  refreshAssumptions();
}

void LoadView::select(HeatCell cell) {
  selection_.setPlace(selection_of(shown_, cell, selection_.place()));
}

void LoadView::hover(HeatCell cell) {
  selection_.setHoveredPlace(cell.valid() ? selection_of(shown_, cell, {}) : ModelPlace{});
  showCellText();
}

void LoadView::showSelection() {
  if (shown_.sums && shown_.kind == LoadPictureKind::ExpertTime &&
      shown_.layer != std::min(layerOfTime(), shown_.sums->loads->layers() - 1))
    return refreshPicture();
  const HeatCell cell = cell_of(shown_, selection_.place());
  // A column of the time map is not shared with other views: it stays.
  if (!(shown_.kind == LoadPictureKind::ExpertTime && map_->selected().row == cell.row))
    map_->setSelected(cell);
  showCellText();
}

void LoadView::showCellText() {
  const HeatCell cell = map_->hovered().valid() ? map_->hovered() : map_->selected();
  const QString text = load_cell_text(shown_, cell).replace('\n', QStringLiteral(" · "));
  cell_->setText(!text.isEmpty() || !map_->picture()
                     ? text
                     : tr("Point at a cell for its numbers; click one to select it everywhere."));
  cell_->setToolTip(text);
}

LoadFileChart LoadView::fileChart() const {
  return {map_->picture(), map_->window(),
          map_->picture() || !oneNode() ? load_missing_text(document_) : map_->summary()};
}

void LoadView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  sums_.finish();
  fileChart().paintChart(painter, size, theme);
}

QString LoadView::csv() const {
  return fileChart().csv();
}

}  // namespace moescope
