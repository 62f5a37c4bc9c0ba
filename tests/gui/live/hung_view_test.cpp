// The Cluster dock names ranks that hang, as long as they do.
#include <gtest/gtest.h>

#include <QLabel>

#include "views/cluster/cluster_view.h"

namespace moescope {
namespace {

TEST(ClusterDock, NamesRanksThatHangUntilTheyGoOn) {
  ClusterView view;
  auto* label = view.findChild<QLabel*>("clusterHung");
  ASSERT_NE(label, nullptr);
  ClusterState state;
  state.phase = LiveState::Live;
  state.target = "unix:node";
  state.status.emplace();
  view.setState(state);
  EXPECT_TRUE(label->isHidden());
  state.status->hung = {{4, 812, "host-1", 6.4, HangReason::Stopped},
                        {5, 812, "host-1", 6.4, HangReason::Stopped}};
  view.setState(state);
  EXPECT_FALSE(label->isHidden());
  EXPECT_EQ(label->text(),
            "Hangs: ranks 4, 5: its process is stopped, for 6 s (process 812 on host-1)");
  state.status->hung.clear();
  view.setState(state);
  EXPECT_TRUE(label->isHidden());
  state.status->hung = {{4, 812, "host-1", 6.4, HangReason::Stopped}};
  state.phase = LiveState::Lost;  // nothing is known any more
  view.setState(state);
  EXPECT_TRUE(label->isHidden());
}

}  // namespace
}  // namespace moescope
