#include "views/compare/align_controls.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <cmath>

namespace moescope {
namespace {
constexpr double kNsPerMs = 1e6;
}

AlignControls::AlignControls(QWidget* parent)
    : QWidget(parent),
      at_(new QComboBox(this)),
      place_(new QComboBox(this)),
      later_(new QDoubleSpinBox(this)),
      words_(new QLabel(this)) {
  at_->setObjectName("lanesAlignedAt");
  at_->setAccessibleName(tr("What of A lies above what of B"));
  at_->setToolTip(tr("What of A is laid above what of B"));
  at_->addItems({tr("Aligned at step"), tr("Aligned at layer"), tr("Aligned by hand")});
  place_->setObjectName("lanesPlace");
  place_->setAccessibleName(tr("Step or layer at which both are aligned"));
  place_->setToolTip(tr("Begins at the same pixel in A and in B"));
  place_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  place_->setMinimumContentsLength(8);
  later_->setObjectName("lanesOffset");
  later_->setAccessibleName(tr("By how much B is later than A"));
  later_->setToolTip(
      tr("Time in B minus the time in A that lies above it; type it to align by hand"));
  later_->setDecimals(3);
  later_->setRange(-1e9, 1e9);
  later_->setPrefix(tr("B later by "));
  later_->setSuffix(tr(" ms"));
  later_->setKeyboardTracking(false);
  later_->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
  words_->setObjectName("lanesWords");
  words_->setWordWrap(true);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(0, 0, 0, 0);
  for (QWidget* widget : std::initializer_list<QWidget*>{at_, place_, later_})
    line->addWidget(widget);
  line->addStretch(1);
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(4, 0, 4, 0);
  lines->setSpacing(2);
  lines->addLayout(line);
  lines->addWidget(words_);
  connect(at_, &QComboBox::activated, this, &AlignControls::atChosen);
  connect(place_, &QComboBox::activated, this, &AlignControls::placeChosen);
  connect(later_, &QDoubleSpinBox::valueChanged, this, [this](double ms) {
    Q_EMIT laterTyped(static_cast<TimeNs>(std::llround(ms * kNsPerMs)));
  });
}

void AlignControls::setPlaces(const QStringList& keys) {
  place_->clear();
  place_->addItems(keys);
  place_->setVisible(at() != At::Hand);
  place_->setEnabled(!keys.isEmpty());
}

void AlignControls::showLater(TimeNs later) {
  const QSignalBlocker quiet(later_);
  later_->setValue(static_cast<double>(later) / kNsPerMs);
}

}  // namespace moescope
