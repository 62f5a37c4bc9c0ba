// The Cluster dock offers to compare the time before a change of plan with the time after it.
#include <gtest/gtest.h>

#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>

#include "views/cluster/cluster_view.h"

namespace moescope {
namespace {

NodePlanChange change_to(std::uint64_t epoch, PlanPhase phase) {
  NodePlanChange change;
  change.ticket = epoch;
  change.epoch = epoch;
  change.phase = phase;
  return change;
}

TEST(ClusterDock, ComparesBeforeAndAfterTheChosenChangeOrTheLastOneInForce) {
  ClusterView view;
  auto* button = view.findChild<QPushButton*>("clusterCompare");
  ASSERT_NE(button, nullptr);
  EXPECT_TRUE(button->isHidden());
  ClusterState state;
  state.phase = LiveState::Live;
  state.status.emplace();
  state.status->history = {change_to(1, PlanPhase::Released), change_to(2, PlanPhase::Released),
                           change_to(3, PlanPhase::RolledBack)};
  view.setState(state);
  ASSERT_FALSE(button->isHidden());
  EXPECT_EQ(button->text(), "Compare before and after epoch 2") << "the third came into no force";
  const QSignalSpy asked(&view, &ClusterView::compareRequested);
  button->click();
  view.findChild<QTableView*>("clusterLog")->selectRow(2);  // newest first
  EXPECT_EQ(button->text(), "Compare before and after epoch 1");
  button->click();
  ASSERT_EQ(asked.count(), 2);
  EXPECT_EQ(asked.at(0).at(0).toULongLong(), 2U);
  EXPECT_EQ(asked.at(1).at(0).toULongLong(), 1U);
  state.status->history = {change_to(1, PlanPhase::Refused)};
  view.setState(state);
  EXPECT_TRUE(button->isHidden());
}

}  // namespace
}  // namespace moescope
