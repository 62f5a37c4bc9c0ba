// The views of expert loads and balance as a user drives them.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QSignalSpy>
#include <QTest>
#include <cmath>

#include "tests/gui/load/load_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/data.h"
#include "views/balance/balance_view.h"
#include "views/load/load_view.h"

namespace moescope {
namespace {

using test::made_loads;
using test::shared_loads;
using test::wait_for;
using testing::HasSubstr;

std::string text(const QString& s) {
  return s.toStdString();
}

class LoadViews : public testing::Test {
 protected:
  void SetUp() override { document.setLoads(shared_loads(), {"made.json"}); }
  LoadView& shownView() {
    if (!view) {
      view = std::make_unique<LoadView>(document, selection);
      view->resize(1100, 420);
      view->show();
      EXPECT_TRUE(QTest::qWaitForWindowExposed(view.get()));
    }
    return *view;
  }
  HeatMap& map() { return shownView().map(); }
  double value(int row, int column) { return map().picture()->values.at(row, column); }
  QPoint center(int row, int column) { return map().rectOf({row, column}).center().toPoint(); }
  template <typename T>
  T* find(const QString& name) {
    T* found = shownView().findChild<T*>(name);
    EXPECT_NE(found, nullptr) << name.toStdString();
    return found;
  }

  Workspace workspace;
  LoadDocument& document = workspace.loads();
  Selection& selection = workspace.selection();
  std::unique_ptr<LoadView> view;
};

TEST_F(LoadViews, TheHeatmapIsRelativeToTheMeanOfTheLayer) {
  shownView();
  EXPECT_EQ(map().picture()->values.rows, 2);
  EXPECT_DOUBLE_EQ(value(0, 0), 6 / 3.0);
  EXPECT_DOUBLE_EQ(value(1, 3), 9 / 3.0);
  shownView().setScale(HeatScale::Linear);
  EXPECT_DOUBLE_EQ(value(1, 3), 9);
}

/// Even shares give GPU 0 seven of twelve tokens; the best split of experts 0 and 1 gives it six.
TEST_F(LoadViews, FiguresOfGpusAreUnderTheReplicaRule) {
  shownView().setKind(LoadPictureKind::GpuLayer);
  shownView().setScale(HeatScale::Linear);
  auto* imbalance = find<SeriesChart>("loadImbalance");
  EXPECT_DOUBLE_EQ(value(0, 0), 7);
  EXPECT_DOUBLE_EQ(imbalance->picture()->series[0].values[0], 7 / 6.0);
  document.setRule(ReplicaRule::Best);
  EXPECT_DOUBLE_EQ(value(0, 0), 6);
  EXPECT_DOUBLE_EQ(imbalance->picture()->series[0].values[0], 1);
  const auto named = HasSubstr("replicas by " + rule_title(ReplicaRule::Best));
  EXPECT_THAT(text(map().picture()->note), named);
  EXPECT_THAT(text(imbalance->picture()->note), named);
}

TEST_F(LoadViews, GpusAreUnderThePlacementThatRanThenUnderThePlan) {
  shownView().setKind(LoadPictureKind::GpuLayer);
  shownView().setScale(HeatScale::Linear);
  EXPECT_DOUBLE_EQ(value(0, 0), 3 + 1 + 3);  // half of expert 0, half of 1, all of 2
  EXPECT_THAT(text(map().picture()->note), HasSubstr("under the placement that ran"));
  Plan plan;
  plan.num_gpus = 4;
  plan.num_nodes = 2;
  plan.num_experts = 4;
  plan.physical_to_logical = {{0, 1, 2, 3}, {0, 1, 2, 3}};
  document.setPlan(std::make_shared<const Plan>(plan));
  EXPECT_EQ(map().picture()->values.rows, 4);
  EXPECT_DOUBLE_EQ(value(3, 1), 9);
  EXPECT_THAT(text(map().picture()->note), HasSubstr("under the plan"));
  shownView().setKind(LoadPictureKind::NodeLayer);
  EXPECT_EQ(map().picture()->values.rows, 2);
  EXPECT_DOUBLE_EQ(value(1, 1), 10);
}

TEST_F(LoadViews, WithoutAPlanTheGpusAreAssumedAndSaidToBe) {
  LoadSet loads = made_loads();
  loads.running_map.reset();
  loads.num_gpus.reset();
  document.setLoads(shared_loads(loads), {});
  shownView().setKind(LoadPictureKind::GpuLayer);
  EXPECT_THAT(text(map().picture()->note), HasSubstr("experts in order on 4 GPUs (assumed)"));
  find<QSpinBox>("loadGpus")->setValue(2);
  EXPECT_EQ(map().picture()->values.rows, 2);
}

TEST_F(LoadViews, ExpertsOverTimeFollowTheSelectedLayer) {
  shownView().setKind(LoadPictureKind::ExpertTime);
  shownView().setScale(HeatScale::Linear);
  EXPECT_DOUBLE_EQ(value(0, 2), 3);
  selection.setPlace({1, -1, -1});
  EXPECT_DOUBLE_EQ(value(3, 2), 4);
  EXPECT_THAT(text(map().picture()->title), HasSubstr("layer 5"));
}

TEST_F(LoadViews, PointingShowsAllNumbersAndNotifiesTheOtherViews) {
  const QPoint pos = center(0, 0);
  QMouseEvent move(QEvent::MouseMove, pos, map().mapToGlobal(pos), Qt::NoButton, Qt::NoButton, {});
  QCoreApplication::sendEvent(&map(), &move);
  EXPECT_EQ(selection.hoveredPlace(), (ModelPlace{0, 0, -1}));
  const std::string words = text(find<QLabel>("loadCell")->text());
  for (const char* part : {"layer 3", "expert 0", "6 tokens", "50.0 %", "2.00 x mean",
                           "hottest of 4 experts", "2 replicas on GPU 0, GPU 1"})
    EXPECT_THAT(words, HasSubstr(part));
}

TEST_F(LoadViews, AClickSelectsEverywhereAndEscapeTakesItBack) {
  QTest::mouseClick(&map(), Qt::LeftButton, {}, center(1, 3));
  EXPECT_EQ(selection.place(), (ModelPlace{1, 3, -1}));
  QTest::keyClick(&map(), Qt::Key_Escape);
  EXPECT_EQ(selection.place(), ModelPlace{});
}

TEST_F(LoadViews, ArrowKeysMoveTheCellAndSayIt) {
  map().setFocus();
  QTest::keyClick(&map(), Qt::Key_Down);
  EXPECT_EQ(selection.place(), (ModelPlace{0, 0, -1}));
  QTest::keyClick(&map(), Qt::Key_Right);
  QTest::keyClick(&map(), Qt::Key_Down);
  EXPECT_EQ(selection.place(), (ModelPlace{1, 1, -1}));
  EXPECT_THAT(text(map().accessibleDescription()), HasSubstr("layer 5, expert 1"));
  QTest::keyClick(&map(), Qt::Key_End);
  EXPECT_EQ(selection.place(), (ModelPlace{1, 3, -1}));
}

TEST_F(LoadViews, SelectionFromElsewhereMarksTheCell) {
  shownView();
  selection.setPlace({1, 2, -1});
  EXPECT_EQ(map().selected(), (HeatCell{1, 2}));
  shownView().setKind(LoadPictureKind::GpuLayer);
  selection.setPlace({1, -1, 1});
  EXPECT_EQ(map().selected(), (HeatCell{1, 1}));
}

TEST_F(LoadViews, ZoomKeepsAtLeastFourCellsAndDoubleClickFits) {
  LoadSet loads;
  loads.experts = 64;
  loads.windows = {LayerLoads(16, std::vector<double>(64, 1))};
  document.setLoads(shared_loads(loads), {});
  shownView();
  for (int i = 0; i < 40; ++i) QTest::keyClick(&map(), Qt::Key_W);
  EXPECT_NEAR(map().window().columns, 4, 1e-9);
  EXPECT_NEAR(map().window().rows, 4, 1e-9);
  QTest::mouseDClick(&map(), Qt::LeftButton, {}, map().rect().center());
  EXPECT_EQ(map().window(), map().picture()->whole());
}

TEST_F(LoadViews, TheWindowSliderShowsOneWindowAndTheNumbersFollow) {
  shownView().setScale(HeatScale::Linear);
  find<QSpinBox>("loadLastWindow")->setValue(0);
  EXPECT_EQ(document.windows(), (WindowRange{0, 1}));
  find<QSlider>("loadWindowSlider")->setValue(2);
  EXPECT_EQ(document.windows(), (WindowRange{2, 3}));
  EXPECT_DOUBLE_EQ(value(0, 0), 3);
  QTest::mouseClick(find<QToolButton>("loadAllWindows"), Qt::LeftButton);
  EXPECT_EQ(document.windows(), (WindowRange{0, 3}));
}

TEST_F(LoadViews, DriftIsNumbersAndAMap) {
  shownView().setScale(HeatScale::Change);
  EXPECT_EQ(map().picture(), nullptr);
  document.setWindows({2, 3});
  auto* reference = find<QComboBox>("loadReference");
  reference->setCurrentIndex(reference->findText("the windows before"));
  EXPECT_EQ(document.reference(), (WindowRange{1, 2}));
  ASSERT_NE(map().picture(), nullptr);
  EXPECT_DOUBLE_EQ(value(0, 0), 3 - 2);  // from 2 of 4 to 3 of 4 tokens, in units of the mean
  auto* table = find<QTableView>("loadDrift");
  EXPECT_EQ(table->model()->index(0, 1).data().toString(), "25.0 %");
  EXPECT_EQ(table->model()->index(0, 2).data().toString(), "0 (+1.00)");
  EXPECT_EQ(table->model()->index(1, 1).data().toString(), "0.0 %");
}

TEST_F(LoadViews, LoadsAreComparedWithOtherWindowsOnly) {
  auto* reference = find<QComboBox>("loadReference");
  auto* drift = find<QTableView>("loadDrift")->model();
  const auto drift_of_row = [&](int row) { return drift->index(row, 1).data().toString(); };
  // Layer 3 of window 0 is even; windows 1 and 2 hold {5, 1, 2, 0} of 8.
  reference->setCurrentIndex(reference->findText("the first half"));
  EXPECT_EQ(document.windows(), (WindowRange{0, 3}));
  EXPECT_EQ(document.reference(), (WindowRange{0, 1}));
  EXPECT_EQ(drift_of_row(0), "75.0 %") << "layer 5: all tokens go to one expert now";
  EXPECT_EQ(drift_of_row(1), "37.5 %");
  document.setWindows({1, 3});
  EXPECT_EQ(drift_of_row(1), "37.5 %") << "the same as when the first half is shown as well";
}

TEST_F(LoadViews, AllOtherWindowsAreTheOnesNotShown) {
  document.setWindows({1, 2});
  auto* reference = find<QComboBox>("loadReference");
  reference->setCurrentIndex(reference->findText("all other windows"));
  // Windows 0 and 2 of layer 3: {4, 1, 2, 1} of 8; window 1: {2, 1, 1, 0} of 4.
  EXPECT_THAT(text(map().picture()->note), HasSubstr("compared with all other windows"));
  EXPECT_DOUBLE_EQ(value(0, 3), 0 - 1 / 2.0);
  document.setWindows({0, 3});
  EXPECT_EQ(map().picture(), nullptr);
  EXPECT_THAT(text(find<QLabel>("loadDriftText")->text()), HasSubstr("to compare with are shown"));
}

TEST_F(LoadViews, WhoComparesSeesTheChange) {
  auto* reference = find<QComboBox>("loadReference");
  auto* scale = find<QComboBox>("loadScale");
  shownView().setScale(HeatScale::Log);
  document.setWindows({2, 3});
  reference->setCurrentIndex(reference->findText("the windows before"));
  EXPECT_EQ(scale->currentText(), "Change");
  ASSERT_NE(map().picture(), nullptr);
  EXPECT_DOUBLE_EQ(value(0, 0), 3 - 2);
  reference->setCurrentIndex(reference->findText("nothing"));
  EXPECT_EQ(scale->currentText(), "Log") << "as before";
}

TEST_F(LoadViews, PlacesByLoadAreNotCalledRanks) {
  const auto cell = [&](LoadPictureKind kind, HeatCell at) {
    shownView().setKind(kind);
    return text(load_cell_text(shownView().pictureInput(), at));
  };
  EXPECT_THAT(cell(LoadPictureKind::LayerExpert, {0, 3}), HasSubstr("4th hottest of 4 experts"));
  EXPECT_THAT(cell(LoadPictureKind::LayerExpert, {0, 1}), HasSubstr("3rd hottest of 4 experts"));
  EXPECT_THAT(cell(LoadPictureKind::GpuLayer, {0, 0}), HasSubstr("hottest of 2 GPUs"));
  for (const auto kind : {LoadPictureKind::LayerExpert, LoadPictureKind::GpuLayer,
                          LoadPictureKind::NodeLayer, LoadPictureKind::LayerGroup})
    EXPECT_THAT(cell(kind, {0, 0}), testing::Not(HasSubstr("rank")));
}

TEST_F(LoadViews, TheSelectedExpertIsMarkedInTheListsBesideTheHeatmap) {
  auto* table = find<QTableView>("loadHottest");
  selection.setPlace({0, 2, -1});
  const auto rows = table->selectionModel()->selectedRows(ExpertListModel::Expert);
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows.front().data(), "2");
  EXPECT_TRUE(rows.front().data(Qt::FontRole).value<QFont>().bold());
  EXPECT_FALSE(table->model()->index(0, 0).data(Qt::FontRole).isValid());
  selection.setPlace({0, -1, -1});
  EXPECT_FALSE(table->selectionModel()->hasSelection());
}

TEST_F(LoadViews, AnExpertThatIsNotAmongTheHottestHasARowBelowThem) {
  LoadSet loads = made_loads();
  loads.experts = 80;
  loads.windows = {LayerLoads(2, std::vector<double>(80, 1.0))};
  loads.windows[0][0][70] = 0;
  loads.running_map.reset();
  document.setLoads(shared_loads(loads), {});
  selection.setPlace({0, 70, -1});
  auto* hot = find<QTableView>("loadHottest")->model();
  ASSERT_EQ(hot->rowCount(), ExpertListModel::kRows + 1);
  EXPECT_EQ(hot->index(ExpertListModel::kRows, ExpertListModel::Expert).data(), "70");
  EXPECT_EQ(find<QTableView>("loadColdest")->model()->rowCount(), ExpertListModel::kRows);
}

TEST_F(LoadViews, HottestAndColdestAreOfTheLayerOrOfAll) {
  auto* hot = find<QTableView>("loadHottest")->model();
  EXPECT_EQ(hot->index(0, ExpertListModel::Layer).data(), "5");
  EXPECT_EQ(hot->index(0, ExpertListModel::Expert).data(), "3");
  EXPECT_EQ(hot->index(0, ExpertListModel::OverMean).data(), "3.00");
  selection.setPlace({0, -1, -1});
  EXPECT_EQ(hot->rowCount(), 4);
  EXPECT_EQ(hot->index(0, ExpertListModel::Expert).data(), "0");
  EXPECT_EQ(hot->index(0, ExpertListModel::Gpus).data(), "0, 1");
  auto* cold = find<QTableView>("loadColdest")->model();
  EXPECT_EQ(cold->index(0, ExpertListModel::Expert).data(), "3");
  auto* table = find<QTableView>("loadColdest");
  Q_EMIT table->clicked(table->model()->index(0, 0));
  EXPECT_EQ(selection.place(), (ModelPlace{0, 3, -1}));
}

TEST_F(LoadViews, ImbalanceNamesItsMeasure) {
  auto* chart = find<SeriesChart>("loadImbalance");
  auto* metric = find<QComboBox>("loadMetric");
  find<QComboBox>("loadMetricOf")->setCurrentIndex(1);  // of experts
  EXPECT_DOUBLE_EQ(chart->picture()->series[0].values[1], 3);
  EXPECT_THAT(text(chart->picture()->y_name), HasSubstr("max / mean"));
  metric->setCurrentIndex(1);
  EXPECT_THAT(text(chart->picture()->y_name), HasSubstr("mean / max"));
  EXPECT_NEAR(chart->picture()->series[0].values[1], 1 / 3.0, 1e-12);
}

TEST_F(LoadViews, NotesOfTheReadersAreShown) {
  EXPECT_THAT(text(find<QTextBrowser>("loadNotes")->toPlainText()), HasSubstr("a trap was found"));
}

TEST_F(LoadViews, TheModelsKeepTheRulesOfModels) {
  LoadView& shown = shownView();
  std::vector<std::unique_ptr<QAbstractItemModelTester>> testers;
  for (const char* name : {"loadHottest", "loadColdest", "loadDrift"})
    testers.push_back(std::make_unique<QAbstractItemModelTester>(
        find<QTableView>(name)->model(), QAbstractItemModelTester::FailureReportingMode::Fatal));
  document.setReference(WindowRange{0, 1});
  selection.setPlace({1, -1, -1});
  document.setLoads(nullptr, {});
  EXPECT_EQ(shown.map().picture(), nullptr);
}

TEST_F(LoadViews, CopyGivesTheValuesAsTsv) {
  shownView().setScale(HeatScale::Linear);
  map().setFocus();
  for (QAction* action : shownView().actions())
    if (action->objectName() == "load.copy") action->trigger();
  const QStringList lines = QGuiApplication::clipboard()->text().split('\n');
  EXPECT_EQ(lines[0].section('\t', 1), "0\t1\t2\t3");
  EXPECT_EQ(lines[1], "3\t6\t2\t3\t1");
  EXPECT_THAT(text(shownView().csv()), HasSubstr("5,1,1,1,9"));
}

TEST_F(LoadViews, TheFileOfTheLoadsIsAlwaysNamed) {
  LoadSet loads = made_loads();
  loads.source = "/somewhere/else/made.json";
  document.setLoads(shared_loads(loads), {"made.json"});
  const auto* file = find<QLabel>("loadFile");
  EXPECT_TRUE(file->isVisible());
  EXPECT_EQ(file->text(), "made.json");
  EXPECT_THAT(text(file->toolTip()), HasSubstr("/somewhere/else/made.json"));
  document.setLoads(nullptr, {});
  EXPECT_FALSE(file->isVisible());
}

TEST_F(LoadViews, OneNodeHasNothingToCompareAndSaysSo) {
  shownView().setKind(LoadPictureKind::NodeLayer);
  EXPECT_EQ(map().picture(), nullptr) << "not a white rectangle";
  EXPECT_THAT(text(map().summary()), HasSubstr("Set their number at \"Nodes\""));
  EXPECT_TRUE(find<QSpinBox>("loadNodes")->isVisible());
  EXPECT_THAT(text(view->fileChart().summary()), HasSubstr("Nodes"));
  find<QSpinBox>("loadNodes")->setValue(2);
  ASSERT_NE(map().picture(), nullptr);
  EXPECT_EQ(map().picture()->values.rows, 2);
}

TEST_F(LoadViews, InANarrowDockTheListsStandBelowTheHeatmap) {
  shownView().resize(560, 620);
  QApplication::processEvents();
  EXPECT_GT(find<QTabWidget>("loadSide")->mapTo(view.get(), QPoint()).y(),
            map().mapTo(view.get(), QPoint(0, map().height())).y() - 1);
  EXPECT_GT(map().width(), 500);
}

TEST_F(LoadViews, WithoutLoadsTheViewsSayWhatWouldFillThem) {
  document.setLoads(nullptr, {});
  EXPECT_THAT(text(map().accessibleName()), HasSubstr("No expert loads are open"));
  BalanceView balance(document, selection);
  EXPECT_THAT(text(balance.csv()), testing::IsEmpty());
}

TEST_F(LoadViews, GrowingLoadsStayShown) {
  shownView().setScale(HeatScale::Linear);
  LoadSet more = made_loads();
  more.windows.push_back({{0, 0, 0, 7}, {0, 0, 0, 0}});
  document.growLoads(shared_loads(more));
  EXPECT_EQ(document.windows(), (WindowRange{0, 4}));
  EXPECT_DOUBLE_EQ(value(0, 3), 8);
}

TEST_F(LoadViews, TheScaleOfGrowingLoadsMovesInSteps) {
  shownView().setScale(HeatScale::Linear);
  EXPECT_EQ(map().picture()->colors.high(), 9) << "of a file: the most there is";
  const auto high_with = [&](std::uint64_t count) {
    LoadSet next = made_loads();
    next.windows = {{{0, 0, 0, static_cast<double>(count)}, {0, 0, 0, 0}}};
    document.growLoads(shared_loads(next));
    return map().picture()->colors.high();
  };
  EXPECT_EQ(high_with(30), 50);
  EXPECT_EQ(high_with(49), 50);
  EXPECT_EQ(high_with(51), 100);
  EXPECT_EQ(high_with(40), 100) << "not back and forth";
  EXPECT_EQ(high_with(12), 20) << "a quarter is not needed any more";
  EXPECT_EQ(high_with(51), 100);
  EXPECT_EQ(high_with(40), 100);
  shownView().setScale(HeatScale::Relative);
  shownView().setScale(HeatScale::Linear);
  EXPECT_EQ(map().picture()->colors.high(), 50) << "another scale starts over";
}

TEST_F(LoadViews, TheAxisBesideGrowingLoadsMovesInSteps) {
  auto* chart = find<SeriesChart>("loadImbalance");
  EXPECT_FALSE(chart->picture()->extent) << "of a file: as far as its values need it";
  find<QComboBox>("loadMetricOf")->setCurrentIndex(1);  // of experts
  const auto high_with = [&](double hottest) {
    LoadSet next = made_loads();
    next.windows = {{{1, 1, 1, hottest}, {1, 1, 1, 1}}};
    document.growLoads(shared_loads(next));
    return chart->picture()->extent.value().high;
  };
  EXPECT_DOUBLE_EQ(high_with(3), 2);    // 3 of 6, twice the mean of 1.5
  EXPECT_DOUBLE_EQ(high_with(3.1), 3);  // a little more than that: the next step
  EXPECT_DOUBLE_EQ(high_with(2.9), 3) << "not back and forth";
  EXPECT_DOUBLE_EQ(high_with(1.5), 1.5) << "a quarter is not needed any more";
  find<QComboBox>("loadMetric")->setCurrentIndex(1);
  EXPECT_DOUBLE_EQ(chart->picture()->extent.value().high, 1) << "another measure starts over";
}

/// Loads of `count` windows of 10 ns each, the oldest of which began at `begin`.
LoadSet timed_loads(int count, int begin = 0) {
  LoadSet loads = made_loads();
  loads.windows.resize(static_cast<std::size_t>(count), loads.windows.front());
  loads.times.clear();
  for (int w = 0; w < count; ++w) loads.times.push_back({begin + w * 10, begin + (w + 1) * 10});
  return loads;
}

TEST_F(LoadViews, ChoicesStayWithTheirWindowsWhenTheOldestAreForgotten) {
  document.setLoads(shared_loads(timed_loads(4)), {});
  document.setWindows({2, 3});
  document.setReference(WindowRange{1, 2});
  document.growLoads(shared_loads(timed_loads(4, 10)));
  EXPECT_EQ(document.windows(), (WindowRange{1, 2}));
  EXPECT_EQ(document.reference(), (WindowRange{0, 1}));
  document.growLoads(shared_loads(timed_loads(4, 20)));
  EXPECT_EQ(document.windows(), (WindowRange{0, 1}));
  EXPECT_FALSE(document.reference()) << "it is gone";
  document.setWindows({0, 4});
  document.growLoads(shared_loads(timed_loads(5, 20)));
  EXPECT_EQ(document.windows(), (WindowRange{0, 5})) << "all stays all";
}

TEST_F(LoadViews, TheNewestWindowsMoveOnUntilOthersAreChosen) {
  auto* newest = find<QToolButton>("loadNewestWindows");
  document.setLoads(shared_loads(timed_loads(4)), {});
  EXPECT_FALSE(newest->isVisible()) << "a file does not grow";
  document.followNewest(3);
  EXPECT_TRUE(newest->isVisible());
  EXPECT_TRUE(newest->isChecked());
  EXPECT_EQ(document.windows(), (WindowRange{1, 4}));
  document.growLoads(shared_loads(timed_loads(5)));
  EXPECT_EQ(document.windows(), (WindowRange{2, 5}));
  document.setWindows({1, 2});
  EXPECT_FALSE(newest->isChecked());
  document.growLoads(shared_loads(timed_loads(6)));
  EXPECT_EQ(document.windows(), (WindowRange{1, 2}));
  document.setWindows({4, 6});
  document.growLoads(shared_loads(timed_loads(7)));
  EXPECT_EQ(document.windows(), (WindowRange{5, 7})) << "a choice of the newest is followed";
  newest->click();
  EXPECT_EQ(document.windows(), (WindowRange{0, 7})) << "there are less than ten";
  document.growLoads(shared_loads(timed_loads(12)));
  EXPECT_EQ(document.windows(), (WindowRange{2, 12}));
}

TEST_F(LoadViews, LoadsThatAreAwaitedAreReportedInTheirPlace) {
  document.setLoads(nullptr, {});
  document.setAwaited(true);
  EXPECT_THAT(text(map().accessibleName()), HasSubstr("Collecting expert loads"));
  document.setAwaited(false);
  EXPECT_THAT(text(map().accessibleName()), HasSubstr("No expert loads are open"));
}

TEST_F(LoadViews, UnitsOfARecordingAreChosenByName) {
  LoadSet prefill = made_loads(), decode = made_loads();
  prefill.unit = "prefill";
  decode.unit = "decode";
  decode.windows = {{{9, 0, 0, 0}, {1, 1, 1, 1}}};
  document.setSets({shared_loads(prefill), shared_loads(decode)}, {"a.moetrace"});
  shownView().setScale(HeatScale::Linear);
  auto* unit = find<QComboBox>("loadUnit");
  EXPECT_TRUE(unit->isVisible());
  EXPECT_EQ(unit->itemText(1), "decode");
  Q_EMIT unit->activated(1);
  EXPECT_DOUBLE_EQ(value(0, 0), 9);
  EXPECT_THAT(text(map().picture()->note), HasSubstr("decode unit"));
}

class BalanceViews : public LoadViews {
 protected:
  BalanceView& shownBalance() {
    if (!balance) {
      balance = std::make_unique<BalanceView>(document, selection);
      balance->resize(1100, 420);
      balance->show();
      settle();
    }
    return *balance;
  }
  void settle() {
    ASSERT_TRUE(wait_for([this] { return !balance->busy(); }));
    QCoreApplication::processEvents();
  }
  const SeriesPicture& chart(const char* name) {
    return *shownBalance().findChild<SeriesChart*>(name)->picture();
  }
  std::unique_ptr<BalanceView> balance;
};

TEST_F(BalanceViews, LayersShowNowAndTheBound) {
  const auto& layers = chart("balanceLayers");
  ASSERT_EQ(layers.series.size(), 2U);
  EXPECT_DOUBLE_EQ(layers.series[0].values[0], 7 / 6.0);  // GPUs get 7 and 5 of 12
  EXPECT_THAT(text(layers.series[0].name), HasSubstr("as it ran"));
  EXPECT_DOUBLE_EQ(layers.series[1].values[0], 1);
  EXPECT_THAT(text(balance->findChild<QLabel*>("balanceSummary")->text()),
              HasSubstr("no plan with as many slots can be below 1.00"));
}

TEST_F(BalanceViews, APlanIsShownBesideWhatRan) {
  shownBalance();
  Plan plan;
  plan.num_gpus = 2;
  plan.num_experts = 4;
  plan.physical_to_logical = {{0, 3, 1, 2}, {0, 1, 2, 3}};
  document.setPlan(std::make_shared<const Plan>(plan));
  settle();
  const auto& layers = chart("balanceLayers");
  ASSERT_EQ(layers.series.size(), 3U);
  EXPECT_THAT(text(layers.series[0].name), HasSubstr("before: as it ran"));
  EXPECT_DOUBLE_EQ(layers.series[1].values[0], 7 / 6.0);
  EXPECT_DOUBLE_EQ(layers.series[1].values[1], 10 / 6.0);
}

TEST_F(BalanceViews, GpusAreOfTheSelectedLayerElseOfTheWorst) {
  EXPECT_THAT(text(chart("balanceGpus").title), HasSubstr("layer 5"));
  selection.setPlace({0, -1, -1});
  EXPECT_THAT(text(chart("balanceGpus").title), HasSubstr("layer 3"));
  EXPECT_DOUBLE_EQ(chart("balanceGpus").series[0].values[1], 5 / 6.0);
}

TEST_F(BalanceViews, WindowsWithoutAnOrderAreNotJoinedByALine) {
  for (const ChartSeries& series : chart("balanceTime").series)
    EXPECT_EQ(series.style, ChartSeries::Style::Line) << text(series.name);
  LoadSet loads = made_loads();
  loads.ordered_in_time = false;
  document.setLoads(shared_loads(loads), {});
  selection.setPlace({0, -1, -1});
  settle();
  const auto& picture = chart("balanceTime");
  ASSERT_GE(picture.series.size(), 3U);
  for (const ChartSeries& series : picture.series)
    EXPECT_EQ(series.style, ChartSeries::Style::Level) << text(series.name);
  EXPECT_THAT(text(picture.title), testing::Not(HasSubstr("over time")));
}

TEST_F(BalanceViews, AFlatCurveIsSeenAboveItsAxis) {
  LoadSet even = made_loads();
  even.windows = {{{5, 5, 5, 5}, {5, 5, 5, 5}}};
  document.setLoads(shared_loads(even), {});
  shownBalance();
  settle();
  const auto& picture = chart("balanceCurve");
  for (const ChartSeries& series : picture.series)
    for (const double value : series.values) ASSERT_DOUBLE_EQ(value, 1);
  EXPECT_THAT(text(picture.note), HasSubstr("1.00 everywhere"));
  QImage image(500, 240, QImage::Format_RGB32);
  image.fill(Qt::white);
  QPainter painter(&image);
  const Theme& theme = Theme::light();
  const QRectF plot = paint_series_chart(painter, image.rect(), picture, theme);
  painter.end();
  const QRgb line = series_color(ChartSeries::Role::Now, theme).rgb();
  int above = 0;
  for (int y = static_cast<int>(plot.top()); y < plot.bottom() - 4; ++y)
    above += image.pixel(plot.center().toPoint().x(), y) == line ? 1 : 0;
  EXPECT_GT(above, 0);
}

TEST_F(BalanceViews, AxesOfGrowingLoadsMoveInSteps) {
  EXPECT_FALSE(chart("balanceGpus").extent);
  LoadSet more = made_loads();
  more.windows.push_back({{0, 0, 0, 0}, {0, 0, 0, 1}});
  document.growLoads(shared_loads(more));
  settle();
  for (const char* name : {"balanceLayers", "balanceTime", "balanceCurve", "balanceGpus"})
    EXPECT_TRUE(chart(name).extent) << name;
  EXPECT_DOUBLE_EQ(chart("balanceGpus").extent.value().high, 2);
}

TEST_F(BalanceViews, WindowsAreALineAndClickingOneShowsIt) {
  const auto& time = chart("balanceTime");
  EXPECT_EQ(time.places, 3);
  EXPECT_DOUBLE_EQ(time.series[0].values[1], 2);  // layer 5: all four tokens on one of two GPUs
  EXPECT_DOUBLE_EQ(time.series[1].values[1], (1.25 + 2) / 2);
  auto* widget = balance->findChild<SeriesChart*>("balanceTime");
  Q_EMIT widget->placeSelected(1);
  EXPECT_EQ(document.windows(), (WindowRange{1, 2}));
}

TEST_F(BalanceViews, MeasuredLoadsOfGpusAreShownBeside) {
  LoadSet loads = made_loads();
  loads.measured.assign(3, {{3, 1}, {2, 2}});
  document.setLoads(shared_loads(loads), {});
  shownBalance();
  const auto& time = chart("balanceTime");
  EXPECT_THAT(text(time.series.back().name), HasSubstr("measured"));
  EXPECT_DOUBLE_EQ(time.series.back().values[0], 1.25);
}

TEST_F(BalanceViews, TheCurveFallsWithSlots) {
  const auto& curve = chart("balanceCurve");
  ASSERT_GE(curve.places, 2);
  EXPECT_GE(curve.series[0].values.front(), curve.series[0].values.back());
}

TEST_F(BalanceViews, LogsAloneAreShownInTheirTabs) {
  document.setLoads(nullptr, {});
  shownBalance();
  Progress progress;
  document.setBalanceLog(std::make_shared<const BalanceLog>(
      parse_balance_log("[Expert Balancedness] forward_pass_id=7 current_pass_balancedness=0.5\n"
                        "EPLB step: 3 for model m: avg_tokens=1, max_tokens=2, balancedness=0.5\n",
                        "s.log", progress)));
  auto* tabs = balance->findChild<QTabWidget*>("balanceTabs");
  EXPECT_EQ(tabs->tabText(tabs->currentIndex()), "Engine log");
  EXPECT_EQ(chart("balanceLogChart").x_label(0), "7");
  EXPECT_THAT(text(balance->findChild<QLabel*>("balanceLogNotes")->text()),
              HasSubstr("over the layers"));
  EXPECT_THAT(text(balance->csv()), HasSubstr("7,0.5"));
}

TEST_F(BalanceViews, WaitsMarkTheSlowRank) {
  document.setLoads(nullptr, {});
  shownBalance();
  std::string log;
  for (int r = 0; r < 8; ++r) {
    log += "[t] rank=" + std::to_string(r) + " [";
    for (int c = 0; c < 8; ++c) log += c == 4 ? "900 " : "10 ";
    log.back() = ']';
    log += '\n';
  }
  Progress progress;
  document.setWaitLog(std::make_shared<const WaitLog>(parse_wait_log(log, "w.log", progress)));
  const auto* map = balance->findChild<HeatMap*>("waitMap");
  ASSERT_NE(map->picture(), nullptr);
  ASSERT_EQ(map->picture()->marks.size(), 1U);
  EXPECT_EQ(map->picture()->marks[0].column, 4);
  EXPECT_THAT(text(balance->findChild<QLabel*>("waitFound")->text()),
              HasSubstr("Comp-Slow: all wait for rank 4"));
}

TEST_F(BalanceViews, ChartsExportInEveryFormat) {
  QTemporaryDir folder;
  LoadView& load = shownView();
  BalanceView& bars = shownBalance();
  for (Chart* chart : {static_cast<Chart*>(&load), static_cast<Chart*>(&bars)})
    for (const Theme* theme : {&Theme::light(), &Theme::dark_theme()})
      for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
        const QString path = folder.filePath(chart->chartName() + '.' + suffix);
        export_chart(*chart, path, {800, 500}, *theme);
        EXPECT_GT(QFileInfo(path).size(), 60) << text(path);
      }
  QFile svg(folder.filePath("load.svg"));
  ASSERT_TRUE(svg.open(QIODevice::ReadOnly));
  EXPECT_FALSE(svg.readAll().contains("<image"));  // cells are rectangles
}

TEST_F(BalanceViews, TheReportTableHasALineALayer) {
  shownBalance().finish();
  const ReportTable table = shownBalance().fileChart().reportTable();
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0][0], "3");
  EXPECT_EQ(table.rows[0][2], "1.1667");
  EXPECT_THAT(text(table.notes.back()), HasSubstr("a trap"));
}

TEST_F(BalanceViews, RealLoadsKeepTheirFigures) {
  MOESCOPE_REQUIRE_DATA("esft_law_logical_count.json");
  Progress progress;
  document.setContent(open_loads(test::shared_data("esft_law_logical_count.json"), progress), {});
  shownBalance();
  EXPECT_THAT(text(balance->findChild<QLabel*>("balanceSummary")->text()),
              AllOf(HasSubstr("1.39 on average, 2.32 in the worst layer"),
                    HasSubstr(", over all 33 windows.")));
  EXPECT_THAT(text(chart("balanceGpus").title), HasSubstr("layer 19"));
}

}  // namespace
}  // namespace moescope
