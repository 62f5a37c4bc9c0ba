#include "views/compare/compare_choices.h"

#include <QHBoxLayout>
#include <algorithm>
#include <set>

namespace moescope {

CompareChoices::CompareChoices(QWidget* parent)
    : QWidget(parent),
      align_(new QComboBox(this)),
      scope_(new QComboBox(this)),
      significant_(new QCheckBox(tr("Significant only"), this)),
      swap_(new QToolButton(this)),
      lanes_(new QToolButton(this)) {
  build();
  fillScopes({});
  connect(align_, &QComboBox::currentIndexChanged, this, &CompareChoices::comparisonWanted);
  connect(swap_, &QToolButton::toggled, this, &CompareChoices::comparisonWanted);
  connect(lanes_, &QToolButton::toggled, this, &CompareChoices::lanesChosen);
  connect(significant_, &QCheckBox::toggled, this, &CompareChoices::significantChosen);
  connect(scope_, &QComboBox::currentIndexChanged, this,
          [this] { Q_EMIT scopeChosen(scope_->currentData().toString()); });
}

void CompareChoices::build() {
  swap_->setText(tr("Swap A and B"));
  swap_->setCheckable(true);
  swap_->setToolTip(tr("Take what is open for what was before"));
  lanes_->setText(tr("Lanes"));
  lanes_->setObjectName("compareLanes");
  lanes_->setCheckable(true);
  lanes_->setChecked(true);
  lanes_->setToolTip(tr("Show the lanes of A above those of B"));
  align_->setAccessibleName(tr("How the figures are aligned"));
  align_->setToolTip(tr("Which rows of figures are laid beside each other"));
  align_->addItem(tr("Aligned as they allow"));
  align_->addItem(tr("By step"), static_cast<int>(Alignment::Step));
  align_->addItem(tr("By layer"), static_cast<int>(Alignment::Layer));
  align_->addItem(tr("Totals only"), static_cast<int>(Alignment::Time));
  scope_->setObjectName("compareScope");
  scope_->setAccessibleName(tr("Rows that are shown"));
  scope_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  significant_->setChecked(true);
  significant_->setToolTip(tr("Only what differs by more than noise, and the whole"));
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, 0, 0, 0);
  for (QWidget* widget :
       std::initializer_list<QWidget*>{align_, scope_, significant_, swap_, lanes_})
    line->addWidget(widget);
  line->addStretch(0);
}

std::optional<Alignment> CompareChoices::alignment() const {
  const QVariant chosen = align_->currentData();
  return chosen.isValid() ? std::optional(static_cast<Alignment>(chosen.toInt())) : std::nullopt;
}

void CompareChoices::fillScopes(const Comparison& comparison) {
  const std::pair<QString, const char*> known[] = {
      {tr("Whole trace"), "trace"}, {tr("Whole plan"), "plan"}, {tr("Expert loads"), "loads"},
      {tr("Phases"), "phase"},      {tr("Devices"), "device"},  {tr("Classes"), "class"},
      {tr("Kernels"), "kernel"},    {tr("Layers"), "layer"},    {tr("Experts"), "expert"},
      {tr("Steps"), "step"},        {tr("SM pairs"), "sm_pair"}};
  std::set<std::string> there;
  for (const Difference& row : comparison.differences) there.insert(row.scope);
  const QVariant chosen = scope_->currentData();
  scope_->clear();
  scope_->addItem(tr("All rows"), QString());
  for (const auto& [text, scope] : known)
    if (there.contains(scope)) scope_->addItem(text, QString::fromLatin1(scope));
  scope_->setCurrentIndex(std::max(scope_->findData(chosen), 0));
}

void CompareChoices::setOfTraces(bool traces) {
  for (QWidget* widget : std::initializer_list<QWidget*>{align_, lanes_})
    widget->setVisible(traces);
}

}  // namespace moescope
