// Alarms of the watched runtime in the window.
#include "views/alarms/alarms_view.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSettings>

namespace moescope {
namespace {

AlarmReading slow(double time) {
  AlarmReading made;
  made.time = time;
  made.ttft_p95 = 2.5;
  return made;
}

TEST(AlarmsView, LogsWhatIsOverItsLimitAndRemembersLimits) {
  QSettings().clear();
  AlarmsView view;
  view.update(slow(1));
  ASSERT_EQ(view.update(slow(2)).size(), 1U);
  ASSERT_EQ(view.model().rowCount(), 1);
  EXPECT_EQ(view.model().index(0, AlarmsModel::Kind).data().toString(), "TTFT, 95th percentile");
  EXPECT_EQ(view.model().index(0, AlarmsModel::Worst).data().toString(), "2.50 s");
  EXPECT_EQ(view.model().index(0, AlarmsModel::Limit).data().toString(), "1.00 s");
  EXPECT_EQ(view.model().index(0, AlarmsModel::Cleared).data().toString(), "still");
  view.setLimit(AlarmKind::Ttft, 3.0);
  view.update(slow(3));
  view.update(slow(4));
  EXPECT_EQ(view.model().index(0, AlarmsModel::Cleared).data().toString(), "4.0 s");
  view.setLimit(AlarmKind::Imbalance, std::nullopt);
  const AlarmsView next;
  EXPECT_EQ(next.watch().limits().of(AlarmKind::Ttft), 3.0);
  EXPECT_FALSE(next.watch().limits().of(AlarmKind::Imbalance));
}

TEST(AlarmsModel, KeepsTheRulesOfModels) {
  AlarmsModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.setAlarms({{AlarmKind::Drops, 1, 2.0, 30, 0}, {AlarmKind::Imbalance, 3, {}, 1.8, 1.5}});
  EXPECT_EQ(model.index(0, AlarmsModel::Kind).data().toString(), "Imbalance of GPUs") << "newest";
  EXPECT_EQ(model.index(1, AlarmsModel::Worst).data().toString(), "30");
  model.setAlarms({});
  EXPECT_EQ(model.rowCount(), 0);
}

}  // namespace
}  // namespace moescope
