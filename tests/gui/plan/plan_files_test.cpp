// Plans as files: clean state, recovery, engines, comparison, pictures.
#include <gmock/gmock.h>

#include <QComboBox>
#include <QFileInfo>
#include <QLabel>
#include <QLockFile>
#include <QPushButton>
#include <QSpinBox>
#include <fstream>
#include <numeric>

#include "core/files.h"
#include "core/loads/open/new_plan.h"
#include "core/placement/engines/engine.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/engine_forms.h"
#include "tests/support/temp_folder.h"
#include "views/common/theme.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/engine_dialogs.h"
#include "views/plan/new_plan_dialog.h"
#include "views/workspace/documents/plan_autosave.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

std::string text_of(const std::filesystem::path& path) {
  return read_text_file(path, std::size_t{1} << 26);
}

class PlanFilesTest : public test::PlanFixture {
 protected:
  QString path(const char* name) const { return QString::fromStdString((folder / name).string()); }
  test::TempFolder folder;
};

TEST_F(PlanFilesTest, theCleanStateIsTheSavedOne) {
  EXPECT_FALSE(document->modified());
  view->editor().swap(0, 1, 2);
  view->editor().swap(0, 3, 4);
  EXPECT_TRUE(document->modified());
  document->setSaved(path("plan.json"));
  EXPECT_FALSE(document->modified());
  document->undoStack().undo();
  EXPECT_TRUE(document->modified());
  document->undoStack().redo();
  EXPECT_FALSE(document->modified());
  while (document->undoStack().canUndo()) document->undoStack().undo();
  EXPECT_EQ(document->plan(), test::small_plan());
}

TEST_F(PlanFilesTest, theSizeOfAnExpertIsThatOfThePlansModelUntilAnotherIsChosen) {
  Plan tiny;  // 64 experts in 8 MoE layers: the embedded runtime's model
  tiny.num_gpus = 8;
  tiny.num_experts = 64;
  tiny.physical_to_logical.assign(8, std::vector<int>(64));
  for (auto& row : tiny.physical_to_logical) std::iota(row.begin(), row.end(), 0);
  auto* model = view->findChild<QComboBox*>("planModel");
  EXPECT_THAT(model->currentText().toStdString(), HasSubstr("choose")) << "never a silent default";
  EXPECT_EQ(document->moves(3).bytes_in_all(), std::nullopt);
  loads.setLoads(nullptr, {});
  document->open(tiny, {}, {}, "tiny");
  EXPECT_THAT(model->currentText().toStdString(), HasSubstr("tiny"));
  EXPECT_GT(document->assumptions().expert_bytes, 0);
  EXPECT_LT(document->assumptions().expert_bytes, 1'000'000);
  model->setCurrentText("DeepSeek-V3");
  EXPECT_EQ(document->serving().name(ServingPart::Model), "deepseek-v3") << "chosen once for all";
  document->open(tiny, {}, {}, "tiny again");
  EXPECT_EQ(model->currentText(), "DeepSeek-V3") << "what the user chose stays";
}

TEST_F(PlanFilesTest, editsAreUndoneWithoutLimit) {
  for (int i = 0; i < 300; ++i) view->editor().swap(i % 4, i % 20, (i * 7 + 1) % 20);
  const Plan edited = document->plan();
  EXPECT_GT(document->undoStack().count(), 250);
  while (document->undoStack().canUndo()) document->undoStack().undo();
  EXPECT_EQ(document->plan(), test::small_plan());
  while (document->undoStack().canRedo()) document->undoStack().redo();
  EXPECT_EQ(document->plan(), edited);
}

TEST_F(PlanFilesTest, unsavedEditsAreFoundAfterACrashAndRestoredOnRequest) {
  const QString kept = path("unsaved");
  QString lost;
  {
    PlanAutosave autosave(*document, kept);
    EXPECT_FALSE(autosave.find().has_value());
    document->setSaved(path("plan.json"));
    view->editor().swap(0, 1, 7);
    view->editor().togglePins(0, {4});
    autosave.flush();
    LoadDocument other_loads;
    PlanDocument other(other_loads);
    PlanAutosave beside(other, kept);
    EXPECT_FALSE(beside.find().has_value()) << "its program still runs";
  }
  LoadDocument next_loads;
  PlanDocument next(next_loads);
  PlanAutosave autosave(next, kept);
  const auto found = autosave.find();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->file, path("plan.json"));
  EXPECT_TRUE(next.empty()) << "nothing is restored by itself";
  autosave.recover(*found);
  EXPECT_EQ(next.plan(), document->plan());
  EXPECT_TRUE(next.constraints().is_pinned(0, 4));
  EXPECT_TRUE(next.modified());
  EXPECT_EQ(next.file(), path("plan.json"));
  next.setSaved(path("plan.json"));
  EXPECT_FALSE(autosave.find().has_value());
}

TEST_F(PlanFilesTest, savedPlansLeaveNothingBehindAndDamagedCopiesAreDropped) {
  const QString kept = path("unsaved");
  {
    PlanAutosave autosave(*document, kept);
    view->editor().swap(0, 1, 7);
    autosave.flush();
    document->setSaved(path("plan.json"));
  }
  std::ofstream(std::filesystem::path(kept.toStdString()) / "plan-x.json") << "{\"physical";
  PlanAutosave autosave(*document, kept);
  EXPECT_FALSE(autosave.find().has_value());
  EXPECT_TRUE(QDir(kept).entryList({"plan-*.json"}, QDir::Files).isEmpty());
}

TEST_F(PlanFilesTest, anotherPlanDoesNotSwallowUnsavedEdits) {
  PlanAutosave autosave(*document, path("unsaved"));
  view->editor().swap(0, 1, 7);
  const Plan edited = document->plan();
  EXPECT_TRUE(autosave.keepAside());
  document->open(test::small_plan(), {}, {}, "another");
  const auto found = autosave.find();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->opened.plan, edited);
}

TEST_F(PlanFilesTest, aPlanFileKeepsPinsAndBans) {
  view->editor().togglePins(1, {3, 4});
  view->editor().toggleForbidden(0, 2, 9);
  write_text_file(folder / "plan.json", plan_json(document->plan(), document->constraints()));
  const OpenedPlan opened = read_plan_file(path("plan.json"));
  EXPECT_EQ(opened.plan, document->plan());
  EXPECT_EQ(opened.constraints, document->constraints());
  EXPECT_TRUE(opened.problems.isEmpty());
}

TEST_F(PlanFilesTest, brokenFilesSayWhatIsWrong) {
  write_text_file(folder / "bad.json", "{\"physical_to_logical_map\": [[0, 1]]}");
  EXPECT_FALSE(read_plan_file(path("bad.json")).problems.isEmpty());
  write_text_file(folder / "worse.json", "[1, 2]");
  EXPECT_THROW(read_plan_file(path("worse.json")), Error);
  write_text_file(folder / "nodes.json",
                  "{\"num_gpus\": 3, \"num_nodes\": 2, \"physical_to_logical_map\": [[0, 1, 2]]}");
  EXPECT_THROW(document->open(read_plan_file(path("nodes.json")).plan, {}, {}, "x"), Error);
  EXPECT_EQ(document->plan(), test::small_plan()) << "the open plan stays";
}

TEST_F(PlanFilesTest, everyEngineTakesTheExportAndItComesBackEqual) {
  const std::pair<const EngineForm&, const char*> forms[] = {
      {test::form("sglang"), "a.json"},        {test::form("trtllm"), "b.yaml"},
      {test::form("trtllm-report"), "c.yaml"}, {test::form("vllm"), "d.jsonl"},
      {test::form("vllm-ascend"), "e.json"},   {test::form("csv"), "f.csv"}};
  for (const auto& [engine, name] : forms) {
    SCOPED_TRACE(name);
    ExportPlanDialog dialog(document->plan());
    dialog.setEngine(engine);
    dialog.setFile(path(name));
    EXPECT_FALSE(dialog.launch().isEmpty());
    dialog.write();
    ASSERT_TRUE(wait_for([&] { return !dialog.busy(); }));
    EXPECT_THAT(dialog.result().toStdString(), HasSubstr("read back"));
    if (engine.read_as_another()) continue;
    ImportPlanDialog import;
    Plan read;
    QObject::connect(&import, &ImportPlanDialog::made, [&](const Plan& plan) { read = plan; });
    import.setFile(path(name));
    import.findChild<QSpinBox*>("importPlanGpus")->setValue(4);
    import.read();
    EXPECT_EQ(import.problem().toStdString(), "");
    EXPECT_EQ(read.physical_to_logical, document->plan().physical_to_logical);
  }
}

TEST_F(PlanFilesTest, anExportShowsTheFlagAndTheCaveatsOfItsEngine) {
  ExportPlanDialog dialog(document->plan());
  dialog.setEngine(test::form("sglang"));
  dialog.setFile(path("sglang.json"));
  EXPECT_THAT(dialog.launch().toStdString(), HasSubstr("--init-expert-location"));
  EXPECT_THAT(dialog.launch().toStdString(), HasSubstr("--ep-num-redundant-experts 4"));
  dialog.setEngine(test::form("vllm"));
  EXPECT_THAT(dialog.caveats().toStdString(), HasSubstr("experimental"));
  EXPECT_THAT(dialog.launch().toStdString(), HasSubstr("\"num_redundant_experts\":4"));
  EXPECT_THAT(dialog.launch().toStdString(), Not(HasSubstr("sglang.jsonl")))
      << "vLLM 0.33 refuses the keys that name a plan";
  EXPECT_THAT(dialog.caveats().toStdString(), HasSubstr("sglang.jsonl"));
}

TEST_F(PlanFilesTest, anExportOfAPlanThatDoesNotNameItsLayersAsksForTheFirst) {
  Plan plan = document->plan();
  plan.layer_ids.clear();
  ExportPlanDialog dialog(plan);
  auto* first = dialog.findChild<QSpinBox*>("exportPlanFirstLayer");
  dialog.setEngine(test::form("vllm"));
  EXPECT_TRUE(first->isHidden()) << "counts MoE layers from 0";
  dialog.setEngine(test::form("sglang"));
  EXPECT_FALSE(first->isHidden());
  EXPECT_THAT(dialog.caveats().toStdString(), HasSubstr("written as layers 0 to 3"));
  first->setValue(3);
  EXPECT_THAT(dialog.caveats().toStdString(), Not(HasSubstr("written as layers")));
  dialog.setFile(path("named.json"));
  dialog.write();
  ASSERT_TRUE(wait_for([&] { return !dialog.busy(); }));
  const Plan read =
      import_plan(text_of(folder / "named.json"), test::form("sglang"), {4, 1, 1}, "file");
  ASSERT_EQ(read.layers(), 7);
  EXPECT_EQ(read.physical_to_logical[3], plan.physical_to_logical[0]);

  plan.layer_ids = {3, 4, 5, 6};
  ExportPlanDialog known(plan);
  EXPECT_TRUE(known.findChild<QSpinBox*>("exportPlanFirstLayer")->isHidden());
}

TEST_F(PlanFilesTest, anExportThatIsNotPossibleSaysWhyAndWritesNothing) {
  Plan broken = document->plan();
  broken.physical_to_logical[0][0] = 99;
  ExportPlanDialog dialog(broken);
  dialog.setFile(path("x.json"));
  EXPECT_THAT(dialog.result().toStdString(), HasSubstr("expert 99"));
  ExportPlanDialog ascend(document->plan());
  ascend.setEngine(test::form("vllm-ascend"));
  ascend.setFile(path("x.txt"));
  ascend.write();
  ASSERT_TRUE(wait_for([&] { return !ascend.busy(); }));
  EXPECT_THAT(ascend.result().toStdString(), HasSubstr(".json"));
  EXPECT_FALSE(QFileInfo::exists(path("x.txt")));
  ImportPlanDialog import;
  import.setFile(path("missing.json"));
  EXPECT_THAT(import.problem().toStdString(), HasSubstr("missing.json"));
}

TEST_F(PlanFilesTest, aNewPlanIsMadeFromTheLoads) {
  NewPlanDialog dialog(loads);
  Plan made;
  QObject::connect(&dialog, &NewPlanDialog::made, [&](const Plan& plan) { made = plan; });
  const auto set = [&](const char* name, int value) {
    dialog.findChild<QSpinBox*>(name)->setValue(value);
  };
  set("newPlanGpus", 4);
  set("newPlanNodes", 3);
  auto* button = dialog.findChild<QPushButton*>();
  for (QPushButton* one : dialog.findChildren<QPushButton*>())
    if (one->text() == "Make plan") button = one;
  EXPECT_FALSE(button->isEnabled());
  EXPECT_THAT(dialog.findChild<QLabel*>("newPlanResult")->text().toStdString(),
              HasSubstr("do not divide over 3 nodes"));
  set("newPlanNodes", 2);
  set("newPlanSlots", 20);
  ASSERT_TRUE(button->isEnabled());
  button->click();
  EXPECT_EQ(made.physical_to_logical, test::small_plan().physical_to_logical);
  EXPECT_EQ(made.num_nodes, 2);
}

TEST_F(PlanFilesTest, aComparisonNamesCopiesAndDifferences) {
  write_text_file(folder / "before.json", plan_json(document->plan()));
  view->editor().swap(2, 0, 12);
  view->showComparison();
  auto& compare = view->comparison();
  const std::string csv = compare.csv().toStdString();
  EXPECT_THAT(csv, HasSubstr("\n2,"));
  EXPECT_THAT(csv, HasSubstr("2,12,0,0,2\n"));    // expert 12 to slot 0 on GPU 0, from GPU 2
  EXPECT_THAT(csv, HasSubstr("2,0,12,2,0 3\n"));  // expert 0 is on GPUs 0 and 3
  EXPECT_THAT(csv, HasSubstr("layer,expert,to slot,on GPU,from GPUs"));
  const auto* summary = find<QLabel>("compareSummary");
  EXPECT_THAT(summary->text().toStdString(), HasSubstr("2 slots changed"));
  document->setBefore(document->plan(), "now");
  EXPECT_THAT(summary->text().toStdString(), HasSubstr("0 slots changed"));
  compare.compareWith(path("before.json"));
  EXPECT_THAT(summary->text().toStdString(), HasSubstr("2 slots changed"));
  EXPECT_EQ(document->beforeName(), "before.json");
  Plan other = document->plan();
  other.num_gpus = 2;
  write_text_file(folder / "other.json", plan_json(other));
  compare.compareWith(path("other.json"));
  EXPECT_THAT(view->message().toStdString(), HasSubstr("2 GPUs"));
  EXPECT_EQ(document->beforeName(), "before.json");
}

TEST_F(PlanFilesTest, boardAndComparisonAreChartsInEveryFormat) {
  for (const bool compare : {false, true}) {
    if (compare) view->showComparison();
    for (const char* name : {"a.png", "a.svg", "a.pdf", "a.csv"}) {
      export_chart(*view, path(name), {1000, 700}, Theme::light());
      EXPECT_GT(QFileInfo(path(name)).size(), 200) << name;
    }
    const std::string csv = text_of(folder / "a.csv");
    EXPECT_THAT(csv, HasSubstr(compare ? "imbalance before" : "load (tokens)"));
    const std::string svg = text_of(folder / "a.svg");
    EXPECT_THAT(svg, HasSubstr(compare ? "bound (line)" : "GPU 3"));
    EXPECT_NO_THROW(export_chart(*view, path("dark.png"), {900, 500}, Theme::dark_theme(), 2));
  }
  document->close();
  EXPECT_NO_THROW(export_chart(*view, path("empty.png"), {400, 300}, Theme::light()));
}

}  // namespace
}  // namespace moescope
