// Prometheus reads the figures of a status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "core/cluster/prometheus/metrics_server.h"
#include "core/cluster/wire/node_types.h"
#include "core/error.h"
#include "core/node/metrics_text.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using testing::Not;

NodeStatus served() {
  NodeStatus status;
  status.model = "model \"x\"\n";
  status.epoch = 7;
  status.units = {{UnitKind::Mixed, 40, 12.5, 0, {1.25, 1.5}}};
  status.ranks = {{3, 0, UnitKind::Mixed, 0, 99}};
  NodePlanChange change;
  change.phase = PlanPhase::RolledBack;
  status.history = {change, change};
  return status;
}

TEST(MetricsText, HasTheFiguresThatAreKnownAndNoOthers) {
  const std::string text = metrics_text(served());
  for (const char* line :
       {"moescope_epoch 7\n", "moescope_passes_total{unit=\"mixed\"} 40\n",
        "moescope_imbalance{unit=\"mixed\",row=\"1\"} 1.5\n",
        "moescope_rank_tokens{unit=\"mixed\",rank=\"3\"} 99\n",
        "moescope_plan_changes{phase=\"rolled_back\"} 2\n", "model=\"model \\\"x\\\"\\n\""})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("first_token"))) << "no request has finished";
  EXPECT_THAT(text, Not(HasSubstr("requests"))) << "none are told";
}

TEST(MetricsServer, AnswersForItsPathOnly) {
  const MetricsServer server("127.0.0.1:0", [] { return metrics_text(served()); });
  httplib::Client client("127.0.0.1", server.port());
  const auto found = client.Get("/metrics");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, 200);
  EXPECT_THAT(found->body, HasSubstr("moescope_epoch 7"));
  const auto missing = client.Get("/");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
}

TEST(MetricsText, HasRequestsAndCacheWhereTheyAreTold) {
  NodeStatus status = served();
  status.waiting = 3;
  status.cache_use = 0.5;
  const std::string text = metrics_text(status);
  EXPECT_THAT(text, HasSubstr("moescope_requests_waiting 3\n"));
  EXPECT_THAT(text, HasSubstr("moescope_kv_cache_use 0.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("requests_running")));
}

TEST(MetricsServer, SaysWhyThereAreNoFiguresNow) {
  const MetricsServer server("127.0.0.1:0",
                             []() -> std::string { throw NotServing("it is starting"); });
  httplib::Client client("127.0.0.1", server.port());
  const auto reply = client.Get("/metrics");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_THAT(reply->body, HasSubstr("it is starting"));
  EXPECT_EQ(server.address(), "http://127.0.0.1:" + std::to_string(server.port()) + "/metrics");
}

TEST(MetricsServer, ListensOnLoopbackOnly) {
  EXPECT_THROW(MetricsServer("0.0.0.0:0", [] { return std::string(); }), Error);
  EXPECT_THROW(MetricsServer("unix:/tmp/metrics", [] { return std::string(); }), Error);
  const MetricsServer first("127.0.0.1:0", [] { return std::string(); });
}

}  // namespace
}  // namespace moescope
