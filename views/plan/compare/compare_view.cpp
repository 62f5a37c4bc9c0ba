#include "views/plan/compare/compare_view.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>

#include "core/placement/edit/plan_summary.h"
#include "views/common/units.h"
#include "views/plan/compare/compare_chart.h"
#include "views/plan/compare/compare_models.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

QTableView* make_table(QAbstractItemModel* model, const QString& name, const QString& accessible,
                       QWidget* parent) {
  auto* table = new QTableView(parent);
  table->setObjectName(name);
  table->setAccessibleName(accessible);
  table->setModel(model);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setAlternatingRowColors(true);
  table->setShowGrid(false);
  table->setFrameShape(QFrame::NoFrame);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 6);
  table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  table->horizontalHeader()->setMinimumSectionSize(
      table->fontMetrics().horizontalAdvance("00.0000") + 8);
  return table;
}

std::vector<LayerDiff> diffs_of(const PlanDocument& document) {
  if (document.empty() || document.before() == nullptr) return {};
  return diff_plans(document.before()->plan(), document.plan());
}

}  // namespace

CompareView::CompareView(PlanDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      layers_(new CompareLayersModel(this)),
      copies_(new CompareCopiesModel(this)) {
  setObjectName("planCompare");
  setAccessibleName(tr("Comparison of two plans"));
  layer_table_ = make_table(layers_, "compareLayers", tr("Comparison by layer"), this);
  copy_table_ = make_table(copies_, "compareCopies", tr("Copies of the layer"), this);
  copy_table_->horizontalHeader()->setSectionResizeMode(CompareCopiesModel::ColumnCount - 1,
                                                        QHeaderView::ResizeToContents);
  summary_ = new QLabel(this);
  summary_->setObjectName("compareSummary");
  summary_->setWordWrap(true);
  summary_->setContentsMargins(8, 2, 8, 2);
  summary_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  copy_heading_ = new QLabel(this);
  copy_heading_->setContentsMargins(8, 2, 8, 2);
  auto* right = new QWidget(this);
  auto* side = new QVBoxLayout(right);
  side->setContentsMargins(0, 0, 0, 0);
  side->addWidget(copy_heading_);
  side->addWidget(copy_table_, 1);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(layer_table_);
  splitter->addWidget(right);
  splitter->setStretchFactor(0, 3);
  splitter->setStretchFactor(1, 2);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(makeBar());
  column->addWidget(summary_);
  column->addWidget(splitter, 1);
  setFocusProxy(layer_table_);
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::figuresChanged,
                            &PlanDocument::replaced, &PlanDocument::fileChanged})
    connect(&document_, signal, this, &CompareView::markStale);
  connect(layer_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& now) {
            if (now.isValid() && now.row() != layer_) Q_EMIT layerChosen(now.row());
          });
}

QWidget* CompareView::makeBar() {
  auto* bar = new QWidget(this);
  auto* lines = new QVBoxLayout(bar);
  lines->setContentsMargins(8, 4, 8, 0);
  before_ = new QLabel(bar);
  before_->setObjectName("compareBefore");
  before_->setWordWrap(true);
  lines->addWidget(before_);
  auto* line = new QHBoxLayout;
  lines->addLayout(line);
  const auto button = [&](const QString& name, const QString& text, const QString& tip) {
    auto* made = new QToolButton(bar);
    made->setObjectName(name);
    made->setText(text);
    made->setToolTip(tip);
    line->addWidget(made);
    return made;
  };
  connect(button("compareFile", tr("Compare with a file…"),
                 tr("Compare with another plan: copies and bytes are counted from it")),
          &QToolButton::clicked, this, &CompareView::chooseFile);
  connect(button("compareHere", tr("Set as baseline"),
                 tr("Compare further edits with the plan as it is now")),
          &QToolButton::clicked, this, [this] {
            if (!document_.empty()) document_.setBefore(document_.plan(), tr("an earlier state"));
          });
  line->addStretch(1);
  return bar;
}

void CompareView::chooseFile() {
  const QString file = QFileDialog::getOpenFileName(this, tr("Compare with a plan"), {},
                                                    tr("Plans (*.json);;All files (*)"));
  if (!file.isEmpty()) compareWith(file);
}

void CompareView::compareWith(const QString& file) {
  if (document_.empty()) return;
  try {
    document_.setBefore(read_plan_file(file).plan, QFileInfo(file).fileName());
  } catch (const std::exception& error) {
    Q_EMIT message(QString::fromUtf8(error.what()));
  }
}

void CompareView::markStale() {
  stale_ = true;
  if (isVisible()) refresh();
}

void CompareView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) refresh();
}

void CompareView::refresh() {
  stale_ = false;
  summary_changed(*this);
  auto diffs = diffs_of(document_);
  layers_->show(compare_layers(document_, diffs));
  showSummary();
  const auto row = static_cast<std::size_t>(layer_);
  const bool known = row < diffs.size();
  copies_->show(known ? std::move(diffs[row].copies) : std::vector<ExpertCopy>());
  copy_heading_->setText(known ? tr("Copies of layer %1").arg(document_.plan().layer_id(layer_))
                               : QString());
  if (known) layer_table_->selectRow(layer_);
}

void CompareView::setLayer(int layer) {
  layer_ = layer;
  markStale();
}

void CompareView::showSummary() {
  if (layers_->layers().empty()) {
    before_->setText(tr("Nothing to compare: open a plan."));
    summary_->clear();
    return;
  }
  before_->setText(tr("Before: %1    After: %2").arg(document_.beforeName(), document_.title()));
  quint64 changed = 0;
  int better = 0, worse = 0;
  for (const CompareLayer& layer : layers_->layers()) {
    changed += static_cast<quint64>(layer.slots_changed);
    better += layer.is(Verdict::Better) ? 1 : 0;
    worse += layer.is(Verdict::Worse) ? 1 : 0;
  }
  const auto words = [](const std::optional<Summary>& s) {
    if (!s) return tr("not known");
    return tr("%1 / %2 / %3").arg(s->mean, 0, 'f', 4).arg(s->p95, 0, 'f', 4).arg(s->max, 0, 'f', 4);
  };
  const Theme& theme = Theme::of(palette());
  const auto layers = [&theme](int count, const QString& text, Verdict verdict) {
    return count == 0 ? text
                      : QStringLiteral("<b style=\"color:%1\">%2</b>")
                            .arg(verdict_color(verdict, theme).name(), text);
  };
  const auto before = plan_imbalance(*document_.before()),
             after = plan_imbalance(document_.state());
  QString change;
  if (before && after)
    change =
        QStringLiteral(" (%1)").arg(delta_html(imbalance_delta(before->mean, after->mean), theme));
  const PlanCopies moves = document_.moves();
  const qint64 expert_bytes = document_.assumptions().expert_bytes;
  const QString bytes =
      expert_bytes > 0
          ? tr("%1 at %2 per expert")
                .arg(moved_bytes_text(moves), format_bytes(static_cast<quint64>(expert_bytes)))
          : tr("their bytes are not known until a model is chosen");
  summary_->setText(
      tr("Imbalance %9, mean / p95 / worst layer: before %1, after %2%3. %4, %5. "
         "%6 slots changed, copies: %7, %8.")
          .arg(words(before), words(after), change,
               layers(better, tr("%1 layers better").arg(better), Verdict::Better),
               layers(worse, tr("%1 worse").arg(worse), Verdict::Worse), format_count(changed),
               unit_copies_text(moves), bytes, document_.underRule()) +
      (document_.state().has_loads() ? tr(" Figures: %1.").arg(document_.judgement().text)
                                     : QString()));
}

void CompareView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_comparison(painter, QRectF(QPointF(0, 0), QSizeF(size)),
                   compare_layers(document_, diffs_of(document_)), chartTitle(), theme);
}

QString CompareView::chartTitle() const {
  const QString title = tr("Imbalance (max / mean GPU load) %1, by layer. Before: %2. After: %3.")
                            .arg(document_.underRule(), document_.beforeName(), document_.title());
  return document_.empty() || !document_.state().has_loads()
             ? title
             : tr("%1\nFigures: %2.").arg(title, document_.judgement().text);
}

QString CompareView::summary() const {
  return comparison_summary(compare_layers(document_, diffs_of(document_)), chartTitle());
}

QString CompareView::csv() const {
  const auto diffs = diffs_of(document_);
  const auto number = [](const std::optional<double>& v) {
    return v ? QString::number(*v, 'f', 6) : QString();
  };
  const auto bytes = [](const PlanCopies& moves) {
    const auto all = moves.bytes_in_all();
    return all ? QString::number(*all, 'f', 0) : QString();
  };
  QString text =
      "layer,imbalance before,imbalance after,bound,slots changed,copies,bytes,windows,"
      "replica rule\n";
  const auto layers = compare_layers(document_, diffs);
  const bool known = !document_.empty() && document_.state().has_loads();
  const QString judged = (known ? csv_field(document_.judgement().text) : QString()) +
                         QLatin1Char(',') + csv_field(document_.serving().ruleTitle());
  for (const CompareLayer& layer : layers)
    text += QString("%1,%2,%3,%4,%5,%6,%7,%8\n")
                .arg(layer.id)
                .arg(number(layer.before), number(layer.after), number(layer.bound))
                .arg(layer.slots_changed)
                .arg(layer.moves.copies_in_all())
                .arg(layer.moves.copies == 0 ? QStringLiteral("0") : bytes(layer.moves), judged);
  text += "\nlayer,expert,to slot,on GPU,from GPUs\n";
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (const ExpertCopy& copy : diffs[l].copies)
      text += QString("%1,%2,%3,%4,%5\n")
                  .arg(layers[l].id)
                  .arg(copy.expert)
                  .arg(copy.slot)
                  .arg(copy.gpu)
                  .arg(gpu_list(copy.from_gpus));
  return text;
}

}  // namespace moescope
