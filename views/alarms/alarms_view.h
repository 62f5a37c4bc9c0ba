// Limits that the watched runtime should keep, and when it did not.
#pragma once

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QTableView>
#include <QWidget>
#include <array>

#include "views/alarms/alarms_model.h"

namespace moescope {

class AlarmsView : public QWidget {
  Q_OBJECT

 public:
  explicit AlarmsView(QWidget* parent = nullptr);
  /// Takes what the runtime was seen to do; alarms that this raised.
  std::vector<Alarm> update(const AlarmReading& reading);
  const AlarmWatch& watch() const { return watch_; }
  const AlarmsModel& model() const { return model_; }
  /// The limit of a kind as the user sets it, in the unit of AlarmReading; nullopt: not watched.
  void setLimit(AlarmKind kind, std::optional<double> limit);

 private:
  struct Row {
    QCheckBox* watched;
    QDoubleSpinBox* limit;
  };
  void addRow(AlarmKind kind, double factor, const QString& unit, int decimals);
  void takeLimits();
  void showState();

  AlarmWatch watch_;
  AlarmsModel model_;
  std::array<Row, kAlarmKinds> rows_{};
  std::array<double, kAlarmKinds> factors_{};  ///< of what is shown over what is read
  QLabel* state_;
  QTableView* table_;
};

}  // namespace moescope
