// Requests of a recording: table, chart and data for export.
#include "views/requests/requests_view.h"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QTest>

#include "views/cluster/cluster_model.h"

namespace moescope::test {
namespace {

ServingPtr serving(int count) {
  auto made = std::make_shared<Serving>();
  for (int i = 0; i < count; ++i) {
    ServedRequest r;
    r.id = static_cast<std::uint64_t>(i);
    r.arrival = i * 100'000'000LL;
    r.ttft = (i % 4 == 3 ? 2000 : 50) * 1'000'000LL;
    if (i % 2 == 0) r.tpot = 20'000'000;
    r.prompt = 10;
    r.output = i % 2 == 0 ? 5 : 1;
    r.done = r.arrival + 500'000'000;
    made->requests.push_back(r);
    made->steps.push_back({true, static_cast<std::uint32_t>(i), r.arrival, r.arrival + 1000, 1, 5});
  }
  return made;
}

TEST(RequestsModel, KeepsTheRulesOfModelsWhileItGrows) {
  RequestsModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.setServing(serving(3));
  EXPECT_EQ(model.rowCount(), 3);
  const QPersistentModelIndex newest(model.index(0, RequestsModel::Id));
  model.setServing(serving(5));
  EXPECT_EQ(model.rowCount(), 5);
  EXPECT_EQ(newest.row(), 2) << "newer requests are above";
  EXPECT_EQ(newest.data().toInt(), 2);
  model.setTargets({1'000'000, 1'000'000});
  model.setServing(nullptr);
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(RequestsModel, ShowsWhichTargetWasMissed) {
  RequestsModel model;
  model.setServing(serving(4));
  EXPECT_EQ(model.index(0, RequestsModel::Within).data().toString(), "TTFT over");
  EXPECT_EQ(model.index(1, RequestsModel::Within).data().toString(), "yes");
  model.setTargets({1'000'000'000, 10'000'000});
  EXPECT_EQ(model.index(1, RequestsModel::Within).data().toString(), "TPOT over");
}

TEST(ClusterModels, KeepTheRulesOfModels) {
  ClusterModel ranks;
  PlanLogModel log;
  const auto mode = QAbstractItemModelTester::FailureReportingMode::Fatal;
  const QAbstractItemModelTester rank_tester(&ranks, mode), log_tester(&log, mode);
  ranks.setRanks({{0, 0, UnitKind::Prefill, 0, 5}, {1, 1, UnitKind::Decode, 0, 6}});
  EXPECT_EQ(ranks.rowCount(), 2) << "one row a node";
  const QPersistentModelIndex rank(ranks.index(0, ClusterModel::Tokens, ranks.index(1, 0)));
  ranks.setRanks({{0, 0, UnitKind::Prefill, 0, 5}, {1, 1, UnitKind::Decode, 0, 1234}});
  EXPECT_TRUE(rank.isValid()) << "texts change in place";
  EXPECT_EQ(rank.data().toString(), "1,234");
  NodePlanChange first, second;
  first.ticket = 1;
  first.who = "a";
  first.phase = PlanPhase::Preparing;
  second.ticket = 2;
  second.who = "b";
  second.phase = PlanPhase::Refused;
  second.reason = "no room";
  log.setHistory({first, second});
  EXPECT_EQ(log.index(0, PlanLogModel::Who).data().toString(), "b") << "newest first";
  EXPECT_EQ(log.index(0, PlanLogModel::Result).data().toString(), "refused: no room");
  const QPersistentModelIndex line(log.index(1, PlanLogModel::Result));
  first.phase = PlanPhase::Released;
  log.setHistory({first, second});
  EXPECT_EQ(line.data().toString(), "released") << "a change that goes on stays in its row";
  ranks.setRanks({});
  log.setHistory({});
}

class RequestsViewTest : public testing::Test {
 protected:
  RequestsViewTest() : view(document, selection) {
    selection.reset({0, 5'000'000'000});
    view.resize(1000, 400);
    view.show();
  }
  TraceDocument document;
  Selection selection;
  RequestsView view;
};

TEST_F(RequestsViewTest, CopiesAllRequestsAsCsv) {
  view.setServing(serving(3));
  view.findChild<QAction*>("requests.copy_csv")->trigger();
  const QStringList lines = QApplication::clipboard()->text().split('\n', Qt::SkipEmptyParts);
  ASSERT_EQ(lines.size(), 4);
  EXPECT_TRUE(lines[0].startsWith("request,arrival_ns"));
  EXPECT_EQ(lines[1], "0,0,0,10,5,50000000,20000000,500000000,1");
  EXPECT_EQ(lines[2], "1,100000000,0,10,1,50000000,,600000000,1");
}

TEST_F(RequestsViewTest, ActivatedRequestIsShownInTime) {
  view.setServing(serving(10));
  auto* table = view.findChild<QTableView*>("requestsTable");
  Q_EMIT table->activated(table->model()->index(0, 0));
  ASSERT_TRUE(selection.area());
  EXPECT_EQ(selection.area()->range, (TimeRange{900'000'000, 1'400'000'000}));
}

TEST_F(RequestsViewTest, ChartShowsRequestsOrSaysWhyThereAreNone) {
  const auto picture = [this] {
    QImage image(900, 500, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    view.paintChart(painter, image.size(), Theme::light());
    return image;
  };
  const QImage empty = picture();
  view.setServing(serving(20));
  const QImage full = picture();
  EXPECT_NE(empty, full);
  const QColor ttft = Theme::light().color(SpanClass::Attention);
  bool found = false;
  for (int y = 80; y < full.height() && !found; ++y)
    for (int x = 80; x < full.width() && !found; ++x) found = full.pixelColor(x, y) == ttft;
  EXPECT_TRUE(found) << "a mark in the colour of TTFT";
}

TEST_F(RequestsViewTest, TargetsChangeTheShareWithin) {
  view.setServing(serving(20));
  const auto share = [this] {
    return *serving_figures(*view.serving(), view.targets(), {0, 5'000'000'000}).within_percent;
  };
  EXPECT_DOUBLE_EQ(share(), 75);
  view.findChild<QSpinBox*>("targetTTFT")->setValue(3000);
  EXPECT_DOUBLE_EQ(share(), 100);
}

}  // namespace
}  // namespace moescope::test
