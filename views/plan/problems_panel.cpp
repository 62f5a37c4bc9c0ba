#include "views/plan/problems_panel.h"

#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {
constexpr std::size_t kListed = 1000;
}

ProblemsPanel::ProblemsPanel(PlanDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      summary_(new QLabel(this)),
      list_(new QTreeWidget(this)) {
  setObjectName("planProblems");
  summary_->setWordWrap(true);
  list_->setObjectName("planProblemList");
  list_->setAccessibleName(tr("Problems of the plan"));
  list_->setHeaderLabels({tr("Layer"), tr("Slot"), tr("Problem")});
  list_->setRootIsDecorated(false);
  list_->setUniformRowHeights(true);
  list_->setAlternatingRowColors(true);
  list_->setFrameShape(QFrame::NoFrame);
  list_->header()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  list_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(summary_);
  layout->addWidget(list_, 1);
  const auto go = [this](const QTreeWidgetItem* item) {
    if (item != nullptr)
      Q_EMIT chosen(item->data(0, Qt::UserRole).toInt(), item->data(1, Qt::UserRole).toInt());
  };
  connect(list_, &QTreeWidget::itemActivated, this, go);
  connect(list_, &QTreeWidget::itemClicked, this, go);
  for (const auto signal :
       {&PlanDocument::committed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &ProblemsPanel::refresh);
  refresh();
}

void ProblemsPanel::refresh() {
  list_->clear();
  std::vector<PlanProblem> problems;
  if (!document_.empty()) problems = document_.state().problems();
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return a.severity == PlanProblem::Severity::Error && b.severity != PlanProblem::Severity::Error;
  });
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& p) {
    return p.severity == PlanProblem::Severity::Error;
  });
  for (std::size_t i = 0; i < std::min(problems.size(), kListed); ++i) {
    const PlanProblem& p = problems[i];
    const bool error = p.severity == PlanProblem::Severity::Error;
    const QString layer =
        p.layer < 0 ? tr("all") : QString::number(document_.plan().layer_id(p.layer));
    auto* item = new QTreeWidgetItem(
        {layer, p.slot < 0 ? QString() : QString::number(p.slot), QString::fromStdString(p.text)});
    item->setData(0, Qt::UserRole, p.layer);
    item->setData(1, Qt::UserRole, p.slot);
    item->setToolTip(2, (error ? tr("Error: ") : tr("Warning: ")) + item->text(2));
    const Theme& theme = Theme::of(palette());
    item->setIcon(0,
                  class_swatch(error ? QBrush(theme.ribbon_exposed)
                                     : QBrush(theme.color(SpanClass::Dispatch), Qt::Dense5Pattern),
                               theme.text));
    list_->addTopLevelItem(item);
  }
  summary_->setText(problems.empty() ? (document_.empty() ? QString() : tr("No problem found."))
                                     : tr("%1 errors, %2 warnings%3")
                                           .arg(errors)
                                           .arg(problems.size() - static_cast<std::size_t>(errors))
                                           .arg(problems.size() > kListed
                                                    ? tr("; the first %1 are listed").arg(kListed)
                                                    : QString()));
  const int count = static_cast<int>(problems.size());
  if (count == count_) return;
  count_ = count;
  Q_EMIT countChanged(count_);
}

QString ProblemsPanel::csv() const {
  QString text = "layer,slot,severity,kind,problem\n";
  if (document_.empty()) return text;
  for (const PlanProblem& p : document_.state().problems())
    text += QString("%1,%2,%3,%4,%5\n")
                .arg(p.layer < 0 ? QString() : QString::number(document_.plan().layer_id(p.layer)),
                     p.slot < 0 ? QString() : QString::number(p.slot),
                     p.severity == PlanProblem::Severity::Error ? "error" : "warning",
                     QString::fromStdString(p.kind), csv_field(QString::fromStdString(p.text)));
  return text;
}

}  // namespace moescope
