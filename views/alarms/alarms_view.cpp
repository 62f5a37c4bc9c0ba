#include "views/alarms/alarms_view.h"

#include <QGridLayout>
#include <QHeaderView>
#include <QSettings>
#include <QVBoxLayout>

#include "views/common/row_height.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr double kLargest = 1e9;

QString key_of(AlarmKind kind) {
  return QStringLiteral("alarms/") + QLatin1String(to_string(kind));
}

}  // namespace

AlarmsView::AlarmsView(QWidget* parent)
    : QWidget(parent), state_(new QLabel(this)), table_(new QTableView(this)) {
  setObjectName("alarmsView");
  auto* limits = new QGridLayout;
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addLayout(limits);
  layout->addWidget(state_);
  layout->addWidget(table_, 1);
  state_->setWordWrap(true);
  addRow(AlarmKind::Imbalance, 1, QString(), 2);
  addRow(AlarmKind::Ttft, 1000, tr(" ms"), 0);
  addRow(AlarmKind::Tpot, 1000, tr(" ms"), 0);
  addRow(AlarmKind::Drops, 1, QString(), 0);
  addRow(AlarmKind::HungRanks, 1, QString(), 0);
  for (std::size_t i = 0; i < kAlarmKinds; ++i) {
    const int row = static_cast<int>(i) / 3, column = static_cast<int>(i) % 3 * 2;
    limits->addWidget(rows_[i].watched, row, column);
    limits->addWidget(rows_[i].limit, row, column + 1);
  }
  limits->setColumnStretch(6, 1);
  table_->setObjectName("alarmsTable");
  table_->setAccessibleName(tr("Log of alarms"));
  table_->setModel(&model_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->verticalHeader()->hide();
  fit_rows_to_text(*table_);
  table_->horizontalHeader()->setSectionResizeMode(AlarmsModel::Kind, QHeaderView::Stretch);
  takeLimits();
  showState();
}

void AlarmsView::addRow(AlarmKind kind, double factor, const QString& unit, int decimals) {
  const auto i = static_cast<std::size_t>(kind);
  factors_[i] = factor;
  Row& row = rows_[i];
  row.watched = new QCheckBox(tr("%1 over").arg(alarm_label(kind)), this);
  row.limit = new QDoubleSpinBox(this);
  row.limit->setObjectName(QStringLiteral("alarm.") + QLatin1String(to_string(kind)));
  row.limit->setAccessibleName(tr("Limit of %1").arg(alarm_label(kind)));
  row.limit->setDecimals(decimals);
  row.limit->setRange(0, kLargest);
  row.limit->setSingleStep(decimals > 0 ? 0.1 : 1);
  row.limit->setSuffix(unit);
  row.limit->setKeyboardTracking(false);
  const QVariant stored = QSettings().value(key_of(kind));
  const auto usual = watch_.limits().of(kind);
  row.watched->setChecked(!stored.isValid() || stored.toDouble() >= 0);
  row.limit->setValue(stored.isValid() && stored.toDouble() >= 0 ? stored.toDouble()
                                                                 : usual.value_or(0) * factor);
  connect(row.watched, &QCheckBox::toggled, this, &AlarmsView::takeLimits);
  connect(row.limit, &QDoubleSpinBox::valueChanged, this, &AlarmsView::takeLimits);
}

void AlarmsView::setLimit(AlarmKind kind, std::optional<double> limit) {
  const auto i = static_cast<std::size_t>(kind);
  rows_[i].watched->setChecked(limit.has_value());
  if (limit) rows_[i].limit->setValue(*limit * factors_[i]);
}

void AlarmsView::takeLimits() {
  AlarmLimits limits;
  for (std::size_t i = 0; i < kAlarmKinds; ++i) {
    if (rows_[i].limit == nullptr) return;  // while rows are made
    const bool watched = rows_[i].watched->isChecked();
    const double shown = rows_[i].limit->value();
    rows_[i].limit->setEnabled(watched);
    limits.most[i] = watched ? std::optional(shown / factors_[i]) : std::nullopt;
    QSettings().setValue(key_of(static_cast<AlarmKind>(i)), watched ? shown : -1);
  }
  watch_.set_limits(limits);
}

std::vector<Alarm> AlarmsView::update(const AlarmReading& reading) {
  auto raised = watch_.update(reading);
  model_.setAlarms(watch_.log());
  showState();
  return raised;
}

void AlarmsView::showState() {
  const std::size_t open = watch_.open();
  if (watch_.log().empty())
    state_->setText(
        tr("No alarm yet. While a runtime is watched its figures are held against "
           "these limits once a second."));
  else
    state_->setText(
        open == 0
            ? tr("All figures are within their limits.")
            : tr("%1 over their limits now.").arg(counted(open, tr("figure"), tr("figures"))));
}

}  // namespace moescope
