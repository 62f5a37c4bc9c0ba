// What one peer may take of a node, so that the others get theirs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/cluster/grpc/work_lane.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/bounded_text.h"
#include "core/cluster/wire/wire_types.h"
#include "tests/support/fake_node.h"

namespace moescope {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using testing::ElementsAre;

/// Work that goes on until it is let go.
class Held {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void until_waiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

TEST(ClusterWorkLane, APeerThatAsksForTooMuchIsTurnedAwayAlone) {
  Held held;
  std::atomic<int> done{0};
  {
    WorkLane lane({.threads = 1, .all = 10, .of_one = 3});
    ASSERT_TRUE(lane.submit("greedy", [&] { held.wait(); }));
    held.until_waiting(1);
    EXPECT_TRUE(lane.submit("greedy", [&] { ++done; }));
    EXPECT_TRUE(lane.submit("greedy", [&] { ++done; }));
    EXPECT_FALSE(lane.submit("greedy", [&] { ++done; }));
    EXPECT_TRUE(lane.submit("other", [&] { ++done; }));
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(lane.submit("", [&] { ++done; }));
    EXPECT_FALSE(lane.submit("late", [&] { ++done; })) << "all together are too many";
    held.open();
  }
  EXPECT_EQ(done, 9) << "what was taken is done before the lane ends";
}

TEST(ClusterWorkLane, PeersTakeTurns) {
  Held held;
  std::string order;
  {
    WorkLane lane({.threads = 1, .all = 100, .of_one = 100});
    ASSERT_TRUE(lane.submit("x", [&] { held.wait(); }));
    held.until_waiting(1);
    for (int i = 0; i < 4; ++i) lane.submit("a", [&] { order += 'a'; });
    lane.submit("b", [&] { order += 'b'; });
    lane.submit("c", [&] { order += 'c'; });
    held.open();
  }
  EXPECT_EQ(order, "abcaaa");
}

class ClusterViewers : public testing::Test {
 protected:
  Publisher publisher{Publisher::Options{
      .viewers = 6, .for_operators = 2, .of_one = 3, .patience = milliseconds(0)}};
  test::FakeRecorder recorder{publisher};
  std::vector<std::unique_ptr<Subscription>> taken;

  /// "" when there is a place, else why not.
  std::string subscribe(const std::string& identity, PeerRole role, std::uint32_t credits = 0) {
    try {
      taken.push_back(publisher.subscribe({"peer " + identity, identity, role}, credits));
      return "";
    } catch (const TooManyViewers& error) {
      return error.problem();
    }
  }
};

TEST_F(ClusterViewers, OneIdentityGetsItsShareAndOperatorsTheirs) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(subscribe("viewer", PeerRole::Viewer), "");
  EXPECT_NE(subscribe("viewer", PeerRole::Viewer), "") << "its share is used up";
  EXPECT_EQ(subscribe("another", PeerRole::Viewer), "");
  EXPECT_NE(subscribe("third", PeerRole::Viewer), "") << "the last places are for operators";
  EXPECT_EQ(subscribe("chief", PeerRole::Operator), "");
  EXPECT_EQ(subscribe("chief", PeerRole::Operator), "");
  EXPECT_NE(subscribe("chief", PeerRole::Operator), "") << "all places are taken";
}

TEST_F(ClusterViewers, WhoTakesNothingMakesPlaceForOthers) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(subscribe("", PeerRole::Operator, i == 0 ? 0 : 1000), "");
  EXPECT_NE(subscribe("", PeerRole::Operator), "") << "nothing waits for anybody";
  recorder.spans(10);
  // All but the first take what there is.
  for (std::size_t i = 1; i < 6; ++i)
    ASSERT_TRUE(eventually([&] {
      const auto batch = taken[i]->wait_next();
      return batch && batch->find("attention") != std::string::npos;
    }));
  EXPECT_EQ(subscribe("", PeerRole::Operator, 1000), "");
  EXPECT_TRUE(taken[0]->displaced());
  EXPECT_EQ(taken[0]->wait_next(), std::nullopt);
  for (std::size_t i = 1; i < 6; ++i) EXPECT_FALSE(taken[i]->displaced());
  EXPECT_EQ(publisher.viewers().size(), 6U);
}

TEST_F(ClusterViewers, WhoOnlyLooksDisplacesNoOperator) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(subscribe("", PeerRole::Operator), "");
  recorder.spans(10);
  EXPECT_NE(subscribe("viewer", PeerRole::Viewer), "");
  EXPECT_EQ(subscribe("chief", PeerRole::Operator), "");
}

TEST(ClusterBoundedText, IsUtf8WithoutControlCharactersAndNoLongerThanAllowed) {
  EXPECT_EQ(bounded_text("plan.json", 256), "plan.json");
  EXPECT_EQ(bounded_text("\x1b[31mred\x07\n", 256), "?[31mred??");
  EXPECT_EQ(bounded_text("\xff\xc3x", 256), "??x");
  EXPECT_EQ(bounded_text("\xc2\x9b"
                         "31m",
                         256),
            "?31m")
      << "a terminal's escape in one character";
  EXPECT_EQ(bounded_text(std::string(300, 'x'), 256), std::string(253, 'x') + "...");
  EXPECT_EQ(bounded_text(std::string(256, 'x'), 256), std::string(256, 'x'));
  EXPECT_EQ(bounded_text("\u00e9\u00e9\u00e9\u00e9", 6), "\u00e9...") << "no half character";
}

TEST(ClusterStatusMessage, NeverExceedsTheLimit) {
  wire::NodeStatus status;
  status.set_model("model");
  for (int i = 0; i < 100; ++i) {
    auto& change = *status.add_history();
    change.set_ticket(static_cast<std::uint64_t>(i));
    change.set_reason(std::string(1000, 'r'));
  }
  status.set_plan_json(std::string(20'000, 'p'));
  status.set_previous_plan_json(std::string(20'000, 'q'));
  const auto fitted = [&](std::size_t limit) {
    wire::NodeStatus copy = status;
    fit_status(copy, limit);
    EXPECT_LE(copy.ByteSizeLong(), limit);
    return copy;
  };
  EXPECT_EQ(fitted(1'000'000).history_size(), 100);
  const auto less = fitted(80'000);
  EXPECT_GT(less.history_size(), 0);
  EXPECT_EQ(less.history().rbegin()->ticket(), 99U) << "the newest stay";
  EXPECT_FALSE(less.previous_plan_json().empty());
  const auto least = fitted(25'000);
  EXPECT_TRUE(least.previous_plan_json().empty());
  EXPECT_FALSE(least.plan_json().empty());
  EXPECT_EQ(least.model(), "model");
}

}  // namespace
}  // namespace moescope
