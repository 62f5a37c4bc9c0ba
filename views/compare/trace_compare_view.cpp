#include "views/compare/trace_compare_view.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>

#include "core/analysis/compare/compare.h"
#include "views/common/action.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

QString names_of(const QStringList& files) {
  QStringList names;
  for (const QString& file : files) names << QFileInfo(file).fileName();
  return names.join(QLatin1String(", "));
}

/// How the user wants the traces aligned; nullopt: as they allow.
std::optional<Alignment> alignment_of(const QVariant& chosen) {
  if (!chosen.isValid()) return std::nullopt;
  return static_cast<Alignment>(chosen.toInt());
}

}  // namespace

TraceCompareView::TraceCompareView(Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      title_(new QLabel(this)),
      causes_(new QLabel(this)),
      swap_(new QToolButton(this)),
      align_(new QComboBox(this)),
      scope_(new QComboBox(this)),
      significant_(new QCheckBox(tr("Significant only"), this)),
      table_(new QTableView(this)) {
  setObjectName("traceCompareView");
  buildTable();
  title_->setWordWrap(true);
  title_->setObjectName("compareTitle");
  causes_->setWordWrap(true);
  causes_->setObjectName("compareCauses");
  causes_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  swap_->setText(tr("Swap A and B"));
  swap_->setCheckable(true);
  swap_->setToolTip(tr("Take the open trace for the one from before"));
  align_->setAccessibleName(tr("How the traces are aligned"));
  align_->setToolTip(tr("How the traces are laid beside each other"));
  align_->addItem(tr("Aligned as they allow"));
  align_->addItem(tr("By step"), static_cast<int>(Alignment::Step));
  align_->addItem(tr("By layer"), static_cast<int>(Alignment::Layer));
  align_->addItem(tr("Totals only"), static_cast<int>(Alignment::Time));
  scope_->setObjectName("compareScope");
  scope_->setAccessibleName(tr("Rows that are shown"));
  scope_->addItem(tr("All rows"), QString());
  for (const auto& [text, scope] :
       std::initializer_list<std::pair<QString, const char*>>{{tr("Whole trace"), "trace"},
                                                              {tr("Devices"), "device"},
                                                              {tr("Classes"), "class"},
                                                              {tr("Kernels"), "kernel"},
                                                              {tr("Layers"), "layer"},
                                                              {tr("Steps"), "step"},
                                                              {tr("SM pairs"), "sm_pair"}})
    scope_->addItem(text, QString::fromLatin1(scope));
  significant_->setChecked(true);
  significant_->setToolTip(tr("Only what differs by more than noise, and the whole"));
  auto* line = new QHBoxLayout;
  line->addWidget(title_, 1);
  for (QWidget* widget : std::initializer_list<QWidget*>{align_, scope_, significant_, swap_})
    line->addWidget(widget);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addLayout(line);
  layout->addWidget(causes_);
  layout->addWidget(table_, 1);
  addActions();
  connect(scope_, &QComboBox::currentIndexChanged, this,
          [this] { filter_.setScope(scope_->currentData().toString()); });
  connect(significant_, &QCheckBox::toggled, &filter_, &DifferenceFilter::setSignificantOnly);
  connect(align_, &QComboBox::currentIndexChanged, this, &TraceCompareView::refresh);
  connect(swap_, &QToolButton::toggled, this, &TraceCompareView::refresh);
  connect(&workspace_.compare(), &CompareDocument::changed, this, &TraceCompareView::refresh);
  connect(&workspace_.trace(), &TraceDocument::analysisChanged, this, &TraceCompareView::refresh);
  connect(&workspace_.trace(), &TraceDocument::traceChanged, this, &TraceCompareView::refresh);
  connect(&job_, &JobRunner::failed, this, &TraceCompareView::explain);
  refresh();
}

void TraceCompareView::buildTable() {
  filter_.setSourceModel(&model_);
  filter_.setSortRole(DifferenceModel::kSortRole);
  table_->setObjectName("compareTable");
  table_->setAccessibleName(tr("Differences of the two traces"));
  table_->setModel(&filter_);
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::DescendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->setWordWrap(false);
  table_->setTextElideMode(Qt::ElideMiddle);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  const auto go = [this](const QModelIndex& index) {
    goTo(model_.row(filter_.mapToSource(index).row()));
  };
  connect(table_, &QTableView::clicked, this, go);
  connect(table_, &QTableView::activated, this, go);
}

void TraceCompareView::addActions() {
  QAction* copy = add_command(this, "compare.copy_csv", tr("Copy differences as CSV"),
                              tr("Copy the rows that are shown as comma-separated text"));
  connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
  QAction* stop = add_command(this, "compare.stop", tr("Stop comparing"),
                              tr("Forget the trace that the open one is compared with"));
  connect(stop, &QAction::triggered, this, [this] { workspace_.compare().setBefore(nullptr, {}); });
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  table_->addActions({copy, stop});
}

void TraceCompareView::explain(const QString& text) {
  model_.setComparison(nullptr);
  title_->setText(text);
  causes_->clear();
}

void TraceCompareView::refresh() {
  TracePtr a = workspace_.compare().before(), b = workspace_.trace().trace();
  for (QWidget* widget : std::initializer_list<QWidget*>{align_, scope_, significant_, swap_})
    widget->setEnabled(a && b);
  if (!a || !b) {
    job_.abandon();
    return explain(
        tr("Nothing is compared. File > Compare with… holds another trace against the "
           "open one; opening a second trace offers it too."));
  }
  // Without its first analysis the open trace is still being read.
  if (!workspace_.trace().analysis()) return;
  if (swap_->isChecked()) std::swap(a, b);
  job_.start(
      tr("Comparing traces"),
      [a, b, rules = workspace_.trace().rules(),
       by = alignment_of(align_->currentData())](Progress& progress) {
        const CompareSide one = compare_side(a, rules, progress);
        const CompareSide other = compare_side(b, rules, progress);
        return std::make_shared<const Comparison>(compare_traces(one, other, by, progress));
      },
      [this](ComparisonPtr comparison) { showComparison(std::move(comparison)); });
}

void TraceCompareView::showComparison(ComparisonPtr comparison) {
  QString a = names_of(workspace_.compare().files()), b = names_of(workspace_.trace().files());
  if (swap_->isChecked()) std::swap(a, b);
  title_->setText(tr("<b>A</b> %1 &nbsp; <b>B</b> %2 &nbsp; aligned by %3: %4")
                      .arg(a.toHtmlEscaped(), b.toHtmlEscaped(),
                           QString::fromLatin1(to_string(comparison->aligned_by)),
                           QString::fromStdString(comparison->aligned_why).toHtmlEscaped()));
  QStringList causes;
  for (const std::string& cause : comparison->causes)
    causes << QStringLiteral("• ") + QString::fromStdString(cause);
  causes_->setText(causes.join(QLatin1Char('\n')));
  model_.setComparison(std::move(comparison));
  table_->resizeColumnsToContents();
  table_->setColumnWidth(DifferenceModel::Of,
                         std::min(table_->columnWidth(DifferenceModel::Of), 360));
}

/// Shows the place of a step in the open trace.
void TraceCompareView::goTo(const Difference& row) {
  if (row.scope != "step") return;
  bool number_is_last = false;
  const QString number = QString::fromStdString(row.key).section(' ', -1);
  ModelPlace place = workspace_.selection().place();
  place.step = number.toInt(&number_is_last);
  if (number_is_last) workspace_.selection().setPlace(place);
}

QString TraceCompareView::csv() const {
  QString text = QStringLiteral("scope,key,figure,a,b,delta,delta_pct,noise,significant,change\n");
  const auto number = [](const std::optional<double>& value) {
    return value ? QString::number(*value, 'g', 15) : QString();
  };
  for (int i = 0; i < filter_.rowCount(); ++i) {
    const Difference& row = model_.row(filter_.mapToSource(filter_.index(i, 0)).row());
    text += QStringList{table_field(QString::fromStdString(row.scope), QLatin1Char(',')),
                        table_field(QString::fromStdString(row.key), QLatin1Char(',')),
                        QString::fromStdString(row.figure),
                        number(row.a),
                        number(row.b),
                        number(row.delta()),
                        number(row.delta_percent()),
                        number(row.noise),
                        row.significant ? "1" : "0",
                        QString::fromLatin1(to_string(row.change))}
                .join(QLatin1Char(',')) +
            QLatin1Char('\n');
  }
  return text;
}

}  // namespace moescope
