// The window as a user drives it: opening, failing, cancelling, closing.
#include <gmock/gmock.h>

#include <QClipboard>
#include <QDropEvent>
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <atomic>
#include <fstream>
#include <future>

#include "app/window/main_window.h"
#include "core/error.h"
#include "core/trace/sink.h"
#include "tests/gui/wait_for.h"
#include "tests/support/data.h"
#include "views/details/details_panel.h"
#include "views/find/find_panel.h"
#include "views/headline/headline_strip.h"
#include "views/rules/rules_panel.h"
#include "views/shell/key_sheet.h"
#include "views/shell/omnibox.h"
#include "views/shell/start_page.h"
#include "views/statistics/statistics_panel.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

/// Two kernels, a dispatch and an own one, with arguments on the first; the process carries
/// `label`.
TracePtr small_trace(const std::string& label) {
  TraceBuilder builder;
  Process process;
  process.label = label;
  const ProcessId p = builder.add_process(process);
  Track track;
  track.process = p;
  track.type = TrackType::DeviceStream;
  track.device = 0;
  track.id = 7;
  track.name = "stream 7";
  const TrackId t = builder.add_track(track);
  SpanBatch batch;
  Span first;
  first.start = 0;
  first.duration = 1000;
  first.name = builder.strings().intern("my_own_kernel");
  first.kind = SpanKind::Kernel;
  Span second = first;
  second.start = 2000;
  second.duration = 3000;
  second.name = builder.strings().intern("other_kernel");
  batch.columns.push_back(first);
  batch.columns.push_back(second);
  batch.args_text = R"({"grid":[1,2,3],"note":"hello"})";
  const auto length = static_cast<std::uint32_t>(batch.args_text.size());
  batch.args_offsets = {0, length, length};
  builder.append(t, std::move(batch));
  TraceInfo info;
  info.files = {label};
  info.events = 5;
  info.skipped = {{"no time", 3}};
  builder.set_info(info);
  return builder.snapshot();
}

/// Opens "good*" at once, fails on "bad", and holds "slow" until it is cancelled.
WindowServices test_services() {
  return {.files = {.open = [](const std::vector<std::filesystem::path>& paths, OtherRuns,
                               Progress& progress) -> TracePtr {
                      const std::string name = paths.front().filename().string();
                      if (name.starts_with("bad"))
                        throw Error(name, "byte 12", "expected an event", "record the trace again");
                      while (name.starts_with("slow")) {
                        progress.report(0.5, "reading");
                        std::this_thread::sleep_for(std::chrono::milliseconds(2));
                      }
                      return small_trace(name + "/" + std::to_string(paths.size()));
                    },
                    .analyze =
                        [](const Trace& trace, const RuleSet& rules, Progress& progress) {
                          return analyze_document(trace, rules, progress);
                        },
                    .save =
                        [](const Trace&, const std::filesystem::path& path, const MoetraceExtras&,
                           Progress&) {
                          throw Error(path.string(), "", "no space left", "free some space");
                        }}};
}

class WindowTest : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    window = std::make_unique<MainWindow>(test_services());
    window->show();
  }
  void open(const QStringList& files) {
    window->openFiles(files);
    ASSERT_TRUE(wait_for([&] { return window->document().files() == files; }));
    ASSERT_TRUE(wait_for([&] { return window->document().analysis() != nullptr; }));
  }
  std::string label() const { return window->document().trace()->processes().front().label; }
  template <typename T>
  T* find(const QString& name) const {
    T* found = window->findChild<T*>(name);
    EXPECT_NE(found, nullptr) << name.toStdString();
    return found;
  }
  std::unique_ptr<MainWindow> window;
};

TEST_F(WindowTest, opensAFileAndShowsTheDocks) {
  window->resize(1600, 900);
  EXPECT_TRUE(find<StartPage>("startPage")->isVisible());
  open({"good.json"});
  EXPECT_FALSE(find<StartPage>("startPage")->isVisible());
  EXPECT_TRUE(window->layouts().dock("details")->isVisible());
  EXPECT_FALSE(window->layouts().dock("sm")->visibleRegion().isEmpty()) << "first of the tabs";
  EXPECT_EQ(window->focusWidget(), window->layouts().dock("timeline")->widget()->focusProxy());
  EXPECT_TRUE(
      wait_for([&] { return window->layouts().dock("tree")->width() < window->width() / 5; }));
  EXPECT_EQ(window->selection().full(), (TimeRange{0, 5000}));
  EXPECT_THAT(window->windowTitle().toStdString(), HasSubstr("good.json"));
}

TEST_F(WindowTest, theHeadlineIsCutOnlyWhereThereIsNoRoom) {
  window->resize(1500, 900);
  open({"good.json"});
  const auto& strip = window->headline();
  ASSERT_TRUE(wait_for([&] { return strip.tile("exposed")->isVisible(); }));
  const HeadlineTile* tile = strip.tile("exposed");
  EXPECT_TRUE(wait_for([&] { return tile->width() >= tile->sizeHint().width(); }))
      << tile->width() << " of " << tile->sizeHint().width() << ", strip " << strip.width();
}

TEST_F(WindowTest, panelsBehindTabsDoNotWidenTheWindow) {
  open({"good.json"});
  EXPECT_TRUE(wait_for([&] { return window->layouts().dock("sm")->isVisible(); }));
  EXPECT_LT(window->minimumSizeHint().width(), 900);
  for (const char* id : {"sm", "overlap", "load", "balance", "plan", "requests"})
    EXPECT_LT(window->layouts().dock(id)->minimumSizeHint().width(), 200) << id;
}

TEST_F(WindowTest, theTimelineKeepsItsPartOfANarrowWindow) {
  window->resize(1500, 900);
  open({"good.json"});
  const auto width = [this](const char* id) { return window->layouts().dock(id)->width(); };
  EXPECT_TRUE(wait_for([&] { return width("tree") == 232 && width("details") > 440; }));
  QTest::qWait(200);  // until the widths may be changed
  const int tree = width("tree"), details = width("details");
  window->resize(900, 700);
  EXPECT_TRUE(wait_for([&] { return width("timeline") == 900; })) << width("timeline");
  window->resize(1500, 900);
  EXPECT_TRUE(wait_for([&] { return width("tree") == tree && width("details") == details; }))
      << width("tree") << ", " << width("details");
}

TEST_F(WindowTest, reportsHowManyEventsWereSkipped) {
  open({"good.json"});
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("3 events skipped"));
  EXPECT_THAT(window->messages().details().toStdString(), HasSubstr("no time"));
}

TEST_F(WindowTest, aMessageStaysAboveDocksThatComeToTheFrontOfTheirTabs) {
  open({"good.json"});
  window->messages().showMessage({UserMessage::Level::Error, "It failed.", {}});
  for (const char* id : {"overlap", "query", "sm"}) {
    window->layouts().reveal(id);
    EXPECT_TRUE(wait_for([&] { return !window->layouts().dock(id)->visibleRegion().isEmpty(); }))
        << id;
    QTest::qWait(20);
    EXPECT_EQ(window->children().last(), &window->messages());
  }
}

TEST_F(WindowTest, aBadFileLeavesTheOpenTraceAndSaysWhatToDo) {
  open({"good.json"});
  const TracePtr before = window->document().trace();
  window->openFiles({"bad.json"});
  ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
  EXPECT_EQ(window->document().trace(), before);
  EXPECT_NE(window->document().analysis(), nullptr);
  const std::string text = window->messages().text().toStdString();
  EXPECT_THAT(text, HasSubstr("bad.json"));
  EXPECT_THAT(text, HasSubstr("byte 12"));
  EXPECT_THAT(text, HasSubstr("record the trace again"));
  EXPECT_FALSE(window->messages().visibleRegion().isEmpty());
}

TEST_F(WindowTest, closingWhileItAnalysesTakesNoLateResult) {
  std::promise<void> release;
  std::atomic<bool> analysing = false, ended = false;
  WindowServices services = test_services();
  services.files.analyze = [&, gate = release.get_future().share()](
                               const Trace& trace, const RuleSet& rules, Progress&) {
    analysing = true;
    gate.wait();  // past the last look at its progress
    AnalysisPtr results = analyze_document(trace, rules);
    ended = true;
    return results;
  };
  window = std::make_unique<MainWindow>(std::move(services));
  window->show();
  window->openFiles({"good.json"});
  ASSERT_TRUE(wait_for([&] { return analysing.load(); }));
  window->loader().close();
  release.set_value();
  ASSERT_TRUE(wait_for([&] { return ended.load(); }));
  QTest::qWait(50);
  EXPECT_EQ(window->document().trace(), nullptr);
  EXPECT_EQ(window->document().analysis(), nullptr);
}

TEST_F(WindowTest, cancelLeavesTheOpenTrace) {
  open({"good.json"});
  const TracePtr before = window->document().trace();
  window->openFiles({"slow.json"});
  auto* cancel = find<QPushButton>("cancelJob");
  ASSERT_TRUE(wait_for([&] { return cancel->isVisible(); }));
  cancel->click();
  EXPECT_TRUE(wait_for([&] { return window->messages().text().contains("cancelled"); }))
      << window->messages().text().toStdString();
  EXPECT_FALSE(window->loader().busy());
  EXPECT_EQ(window->document().trace(), before);
}

TEST_F(WindowTest, closesDuringALoad) {
  window->openFiles({"slow.json"});
  ASSERT_TRUE(wait_for([&] { return window->loader().busy(); }));
  EXPECT_TRUE(window->close());
  window.reset();
}

TEST_F(WindowTest, anotherOpenReplacesTheOneThatRuns) {
  window->openFiles({"slow.json"});
  open({"good.json"});
  EXPECT_EQ(label(), "good.json/1");
}

TEST_F(WindowTest, filesDroppedTogetherAreOneTrace) {
  QMimeData mime;
  mime.setUrls({QUrl::fromLocalFile("/x/good0.json"), QUrl::fromLocalFile("/x/good1.json")});
  QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window.get(), &enter);
  QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(window.get(), &drop);
  ASSERT_TRUE(wait_for([&] { return window->document().trace() != nullptr; }));
  EXPECT_EQ(label(), "good0.json/2");
}

TEST_F(WindowTest, aFailedSaveIsReported) {
  open({"good.json"});
  window->loader().save("full.moetrace");
  ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("no space left"));
}

TEST_F(WindowTest, closingTheTraceGoesBackToTheStartPage) {
  window->resize(1600, 900);
  open({"good.json"});
  find<QAction>("file.close")->trigger();
  EXPECT_EQ(window->document().trace(), nullptr);
  EXPECT_TRUE(find<StartPage>("startPage")->isVisible());
  open({"good2.json"});
  EXPECT_TRUE(window->layouts().dock("details")->isVisible());
}

TEST_F(WindowTest, recentFilesPinAndClear) {
  open({"good.json"});
  open({"good0.json", "good1.json"});
  ASSERT_EQ(window->session().recent().size(), 2U);
  EXPECT_EQ(window->session().recent().front().files.size(), 2);
  EXPECT_TRUE(window->session().recent().front().missing());
  window->session().setPinned({"good.json"}, true);
  EXPECT_EQ(window->session().recent().front().files, QStringList{"good.json"});
  window->session().clearRecent();
  ASSERT_EQ(window->session().recent().size(), 1U);
  EXPECT_TRUE(window->session().recent().front().pinned);
}

TEST_F(WindowTest, oneClickOnTheStartPageOpensAndADoubleClickOpensOnce) {
  window->session().addRecent({"good.json"});
  auto* list = find<EntryList>("recentList");
  ASSERT_TRUE(wait_for([&] { return list->count() == 1 && list->isVisible(); }));
  QSignalSpy opened(find<StartPage>("startPage"), &StartPage::filesRequested);
  const QPoint place = list->visualItemRect(list->item(0)).center();
  QTest::mouseClick(list->viewport(), Qt::RightButton, {}, place);
  EXPECT_EQ(opened.size(), 0);
  QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, place);
  ASSERT_EQ(opened.size(), 1);
  EXPECT_EQ(opened.front().front().toStringList(), QStringList{"good.json"});
  QTest::mouseDClick(list->viewport(), Qt::LeftButton, {}, place);
  EXPECT_EQ(opened.size(), 1);
}

TEST_F(WindowTest, restoresFilesAndRangeOfTheLastSession) {
  open({"good.json"});
  window->selection().setRange({1000, 2500});
  window->close();
  window = std::make_unique<MainWindow>(test_services());
  window->show();
  find<QPushButton>("restoreSession")->click();
  ASSERT_TRUE(wait_for([&] { return window->document().trace() != nullptr; }));
  EXPECT_EQ(window->selection().range(), (TimeRange{1000, 2500}));
}

TEST_F(WindowTest, paletteFindsAndRunsACommand) {
  open({"good.json"});
  window->showPalette();
  auto* input = find<Omnibox>("omnibox");
  QTest::keyClicks(input, "clotra");
  const QListWidget& list = input->choices()->list();
  ASSERT_GT(list.count(), 0);
  EXPECT_THAT(list.item(0)->text().toStdString(), HasSubstr("Close trace"));
  QTest::keyClick(input, Qt::Key_Down);  // it takes something away, so it is no default
  QTest::keyClick(input, Qt::Key_Return);
  EXPECT_TRUE(wait_for([&] { return window->document().trace() == nullptr; }));
}

TEST(CommandList, fuzzyPrefersWordStartsAndRefusesWrongOrder) {
  EXPECT_GT(fuzzy_score("ot", "Open trace"), fuzzy_score("ot", "Another"));
  EXPECT_EQ(fuzzy_score("to", "Open t"), -1);
  EXPECT_EQ(fuzzy_score("", "Open"), 0);
}

TEST_F(WindowTest, keySheetListsKeysOfMenusAndDocks) {
  window->showKeySheet();
  QTreeWidget* tree = find<KeySheet>("keySheet")->tree();
  QStringList keys;
  for (int g = 0; g < tree->topLevelItemCount(); ++g)
    for (int i = 0; i < tree->topLevelItem(g)->childCount(); ++i)
      keys << tree->topLevelItem(g)->child(i)->text(0) + "=" +
                  tree->topLevelItem(g)->child(i)->text(1);
  EXPECT_TRUE(keys.contains("Command palette=Ctrl+Shift+P")) << keys.join('\n').toStdString();
  EXPECT_TRUE(keys.contains("Copy statistics=Ctrl+C")) << keys.join('\n').toStdString();
}

QString value_of(const QAbstractItemModel& model, const QString& property) {
  const auto hits = model.match(model.index(0, 0), Qt::DisplayRole, property, 1,
                                Qt::MatchExactly | Qt::MatchRecursive);
  return hits.isEmpty() ? QString("absent") : hits.front().siblingAtColumn(1).data().toString();
}

TEST_F(WindowTest, theInspectorShowsTimesAndEveryArgumentOnce) {
  open({"good.json"});
  window->selection().selectSpan({0, 0});
  const DetailsModel& model = find<DetailsPanel>("detailsPanel")->model();
  EXPECT_EQ(value_of(model, "Name"), "my_own_kernel");
  EXPECT_EQ(value_of(model, "note"), "hello");
  EXPECT_EQ(value_of(model, "grid"), "3 items");
  EXPECT_EQ(value_of(model, "2"), "3");
  EXPECT_EQ(value_of(model, "Class"), "other compute");
  window->selection().clearSelection();
  EXPECT_EQ(model.rowCount(), 0);
}

TEST_F(WindowTest, aNewRuleAnalysesAgainAndDetailsNameIt) {
  open({"good.json"});
  window->selection().selectSpan({0, 0});
  const AnalysisPtr before = window->document().analysis();
  auto* panel = find<RulesPanel>("rulesPanel");
  panel->model().addRule(0);
  panel->model().setData(panel->model().index(0, RulesModel::Pattern), "my_own", Qt::EditRole);
  panel->model().setData(panel->model().index(0, RulesModel::Class), int(SpanClass::Dispatch),
                         Qt::EditRole);
  panel->apply();
  ASSERT_TRUE(wait_for([&] { return window->document().analysis() != before; }));
  ASSERT_EQ(window->document().analysis()->overlap.size(), 1U);
  EXPECT_EQ(window->document().analysis()->overlap[0].figures.comm, 1000);
  const DetailsModel& model = find<DetailsPanel>("detailsPanel")->model();
  EXPECT_EQ(value_of(model, "Class"), "dispatch");
  EXPECT_EQ(value_of(model, "Rule"), "1: my_own");
  auto& matches = panel->model();
  ASSERT_TRUE(
      wait_for([&] { return matches.index(0, RulesModel::Matches).data().toString() == "1"; }));
}

TEST_F(WindowTest, aBrokenRuleIsReportedAndNotApplied) {
  open({"good.json"});
  const AnalysisPtr before = window->document().analysis();
  auto* panel = find<RulesPanel>("rulesPanel");
  panel->model().setData(panel->model().index(0, RulesModel::Pattern), "(", Qt::EditRole);
  EXPECT_FALSE(panel->model().problem(0).isEmpty());
  EXPECT_FALSE(find<QPushButton>("applyRules")->isEnabled());
  panel->apply();
  QTest::qWait(50);
  EXPECT_EQ(window->document().analysis(), before);
  panel->model().undoStack().undo();
  EXPECT_TRUE(panel->model().valid());
}

TEST_F(WindowTest, statisticsGiveNamesRoomInANarrowColumn) {
  window->resize(1600, 900);
  open({"good.json"});
  auto* panel = find<StatisticsPanel>("statisticsPanel");
  auto* table = find<QTableView>("statisticsTable");
  panel->resize(380, 300);
  EXPECT_TRUE(table->isColumnHidden(StatisticsModel::Min));
  panel->resize(480, 300);
  EXPECT_FALSE(table->isColumnHidden(StatisticsModel::Min));
}

TEST_F(WindowTest, statisticsCopyAsTabSeparatedText) {
  open({"good.json"});
  auto* panel = find<StatisticsPanel>("statisticsPanel");
  ASSERT_TRUE(wait_for([&] { return panel->model().rowCount() == 2; }));
  find<QAction>("statistics.copy_tsv")->trigger();
  EXPECT_EQ(QApplication::clipboard()->text().toStdString(),
            "class\tname\tcount\ttotal_ns\tmean_ns\tmin_ns\tmax_ns\tscope\n"
            "other compute\tother_kernel\t1\t3000\t3000\t3000\t3000\tWhole trace\n"
            "other compute\tmy_own_kernel\t1\t1000\t1000\t1000\t1000\tWhole trace\n");
  EXPECT_THAT(panel->toText(',', false).toStdString(),
              HasSubstr("other compute,my_own_kernel,1,1000,1000,1000,1000,Whole trace"));
}

TEST_F(WindowTest, findSaysWhyNothingIsListed) {
  const auto empty_text = [this] { return find<QLabel>("findEmpty")->text().toStdString(); };
  EXPECT_THAT(empty_text(), HasSubstr("No trace is open"));
  open({"good.json"});
  EXPECT_THAT(empty_text(), HasSubstr("Write a part"));
  find<QLineEdit>("omnibox")->setText("no such span");
  EXPECT_TRUE(wait_for([&] { return empty_text().starts_with("No span"); }));
}

TEST_F(WindowTest, findStepsThroughTheHits) {
  open({"good.json"});
  auto* panel = find<FindPanel>("findPanel");
  find<QLineEdit>("omnibox")->setText("kernel");
  ASSERT_TRUE(wait_for([&] { return panel->model().rowCount() == 2; }));
  EXPECT_TRUE(find<QLabel>("findEmpty")->isHidden());
  panel->next();
  EXPECT_EQ(window->selection().currentSpan(), (SpanRef{0, 0}));
  panel->next();
  EXPECT_EQ(window->selection().currentSpan(), (SpanRef{0, 1}));
  panel->next();
  EXPECT_EQ(window->selection().currentSpan(), (SpanRef{0, 0}));
}

TEST_F(WindowTest, aSpanLeadsToItsLikeAndToARuleForItsName) {
  open({"good.json"});
  window->selection().selectSpan({0, 0});
  find<QAction>("timeline.find_same")->trigger();
  EXPECT_EQ(find<QLineEdit>("omnibox")->text(), "my_own_kernel");
  EXPECT_TRUE(wait_for([&] { return find<FindPanel>("findPanel")->model().rowCount() == 1; }));
  EXPECT_TRUE(window->layouts().dock("find")->isVisible());
  const auto& model = find<RulesPanel>("rulesPanel")->model();
  const std::size_t before = model.rules().rules.size();
  find<QAction>("timeline.reclassify")->trigger();
  ASSERT_EQ(model.rules().rules.size(), before + 1);
  EXPECT_EQ(model.rules().rules.front().pattern, "my_own_kernel");
  EXPECT_EQ(model.rules().rules.front().span_class, SpanClass::OtherCompute) << "as it is now";
}

TEST_F(WindowTest, rankFilterAndTreeFollowEachOther) {
  open({"good.json"});
  auto* rank = find<QComboBox>("rankFilter");
  ASSERT_EQ(rank->count(), 2);
  window->selection().setProcessFilter(ProcessId{0});
  EXPECT_EQ(rank->currentIndex(), 1);
}

TEST_F(WindowTest, ownLayoutsComeBack) {
  window->resize(1600, 900);
  open({"good.json"});
  window->layouts().dock("legend")->hide();
  window->close();
  window = std::make_unique<MainWindow>(test_services());
  window->show();
  window->resize(1600, 900);
  open({"good.json"});
  EXPECT_FALSE(window->layouts().dock("legend")->isVisible());
  window->layouts().arrange(Preset::Analyse);
  EXPECT_TRUE(window->layouts().dock("legend")->isVisible());
}

TEST(Models, passTheModelTester) {
  RulesModel rules;
  QAbstractItemModelTester rules_tester(&rules);
  rules.reset(RuleSet::built_in());
  rules.addRule(0);
  rules.moveRule(0, 1);
  rules.removeRule(0);
  rules.undoStack().undo();
  StatisticsModel statistics;
  QAbstractItemModelTester statistics_tester(&statistics);
  const TracePtr trace = small_trace("x");
  const Classification classes(*trace, RuleSet::built_in());
  statistics.setStatistics(trace, statistics_of(*trace, classes, {{0, 0}, {0, 1}}));
  EXPECT_EQ(statistics.rowCount(), 2);
  statistics.setByClass(true);
  EXPECT_EQ(statistics.rowCount(), 1);
  FindModel hits;
  QAbstractItemModelTester find_tester(&hits);
  hits.setHits(trace, {{{0, 0}, trace->span({0, 0})}});
  EXPECT_EQ(hits.rowCount(), 1);
}

TEST(WindowWithRealData, showsTheReferenceTrace) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  QSettings().clear();
  MainWindow window{WindowServices()};
  window.show();
  window.openFiles(
      {QString::fromStdString(test::shared_data("deepseek_v3_train_rank0.json").string())});
  ASSERT_TRUE(wait_for([&] { return window.document().analysis() != nullptr; }));
  ASSERT_FALSE(window.document().analysis()->overlap.empty());
  EXPECT_EQ(window.document().analysis()->overlap[0].figures.exposed, 4'190'000);
}

}  // namespace
}  // namespace moescope
