// Notes: the model with its undo history, the panel, and what is kept on disk.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/notes/notes_panel.h"
#include "views/rules/rules_panel.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::ElementsAre;

TracePtr noted_trace() {
  return test::make_trace({{"first_kernel", 0, 1000}, {"second_kernel", 2000, 3000}});
}

std::vector<std::string> texts(const NotesModel& model) {
  std::vector<std::string> texts;
  for (const Note& note : model.notes()) texts.push_back(note.text);
  return texts;
}

TEST(NotesModel, passesTheModelTesterThroughEveryEdit) {
  QUndoStack undo;
  NotesModel model(undo);
  QAbstractItemModelTester tester(&model);
  EXPECT_EQ(model.add({.time = 1, .text = "nowhere"}), -1);
  model.reset(noted_trace());
  model.load({{.time = 500, .text = "stored"}});
  EXPECT_EQ(model.add({.time = 900, .text = "late"}), 1);
  EXPECT_EQ(model.add({.time = 100, .text = "early"}), 0);
  EXPECT_THAT(texts(model), ElementsAre("early", "stored", "late"));
  EXPECT_TRUE(model.setData(model.index(1, NotesModel::Text), "changed", Qt::EditRole));
  EXPECT_FALSE(model.setData(model.index(1, NotesModel::Time), "9", Qt::EditRole));
  Note moved = model.notes()[0];
  moved.time = 2000;
  EXPECT_EQ(model.change(0, moved), 2);
  EXPECT_THAT(texts(model), ElementsAre("changed", "late", "early"));
  model.remove(1);
  EXPECT_THAT(texts(model), ElementsAre("changed", "early"));
  while (undo.canUndo()) undo.undo();
  EXPECT_THAT(texts(model), ElementsAre("stored"));
  while (undo.canRedo()) undo.redo();
  EXPECT_THAT(texts(model), ElementsAre("changed", "early"));
  model.reset(nullptr);
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(NotesModel, dirtyUntilStored) {
  QUndoStack undo;
  NotesModel model(undo);
  model.reset(noted_trace());
  model.load({{.time = 5, .text = "stored"}});
  EXPECT_FALSE(model.dirty());
  model.add({.time = 1, .text = "a"});
  EXPECT_TRUE(model.dirty());
  const quint64 revision = model.revision();
  model.add({.time = 2, .text = "b"});
  model.setStored(revision);
  EXPECT_TRUE(model.dirty());
  model.setStored(model.revision());
  EXPECT_FALSE(model.dirty());
  undo.undo();
  EXPECT_TRUE(model.dirty());
}

class NotesWindow : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    file = folder.filePath("rank0.json");
    std::ofstream(file.toStdString()) << "{}";
    start();
  }
  void start() {
    window = std::make_unique<MainWindow>(WindowServices{
        .files = {
            .open = [](const std::vector<std::filesystem::path>&, OtherRuns,
                       Progress&) { return noted_trace(); },
            .analyze = [](const Trace& trace, const RuleSet& rules,
                          Progress& progress) { return analyze_document(trace, rules, progress); },
            .save = core_file_services().save}});
    window->show();
  }
  void open(const QString& path) {
    window->openFiles({path});
    ASSERT_TRUE(wait_for([&] { return window->document().analysis() != nullptr; }));
  }
  NotesModel& notes() { return window->document().notes(); }
  QString sidecar(const QString& of) const { return of + ".moescope-notes"; }

  QTemporaryDir folder;
  QString file;
  std::unique_ptr<MainWindow> window;
};

TEST_F(NotesWindow, keyNAddsANoteAtTheSelectedSpanAndTypingIsItsText) {
  open(file);
  window->selection().selectSpan({0, 1});
  window->activateWindow();
  ASSERT_TRUE(wait_for([&] { return window->isActiveWindow(); }));
  QTest::keyClick(window.get(), Qt::Key_N);
  ASSERT_EQ(notes().rowCount(), 1);
  EXPECT_EQ(notes().notes()[0].time, 2000);
  EXPECT_EQ(notes().notes()[0].span, (SpanRef{0, 1}));
  QLineEdit* editor = nullptr;
  ASSERT_TRUE(wait_for([&] {
    editor = window->findChild<NotesPanel*>()->table()->findChild<QLineEdit*>();
    return editor != nullptr && editor->hasFocus();
  }));
  QTest::keyClicks(editor, "Never ? stalls");  // N and ? are keys of the window
  EXPECT_EQ(editor->text(), "Never ? stalls");
  QTest::keyClick(editor, Qt::Key_Return);
  EXPECT_TRUE(wait_for([&] { return texts(notes()).front() == "Never ? stalls"; }));
  EXPECT_EQ(notes().rowCount(), 1);
}

TEST_F(NotesWindow, undoAndRedoGoThroughNotesAndRulesInOrder) {
  open(file);
  auto* rules = window->findChild<RulesPanel*>();
  const auto count = rules->model().rowCount();
  notes().add({.time = 1, .text = "a"});
  rules->model().addRule(0);
  notes().add({.time = 2, .text = "b"});
  auto* undo = window->findChild<QAction*>("edit.undo");
  auto* redo = window->findChild<QAction*>("edit.redo");
  undo->trigger();
  EXPECT_THAT(texts(notes()), ElementsAre("a"));
  undo->trigger();
  EXPECT_EQ(rules->model().rowCount(), count);
  undo->trigger();
  EXPECT_TRUE(notes().notes().empty());
  EXPECT_FALSE(undo->isEnabled());
  for (int i = 0; i < 3; ++i) redo->trigger();
  EXPECT_THAT(texts(notes()), ElementsAre("a", "b"));
  EXPECT_EQ(rules->model().rowCount(), count + 1);
  EXPECT_FALSE(redo->isEnabled());
}

TEST_F(NotesWindow, notesComeBackWithTheTrace) {
  open(file);
  notes().add({.time = 700, .text = "kept", .color = "blue"});
  EXPECT_TRUE(window->isWindowModified());
  window->close();
  EXPECT_TRUE(QFile::exists(sidecar(file)));
  EXPECT_FALSE(window->isWindowModified());
  start();
  open(file);
  ASSERT_TRUE(wait_for([&] { return notes().rowCount() == 1; }));
  EXPECT_EQ(notes().notes()[0].text, "kept");
  EXPECT_EQ(notes().notes()[0].color, "blue");
  EXPECT_FALSE(window->document().undoStack().canUndo());
}

TEST_F(NotesWindow, notesAreWrittenSoonWithoutClosing) {
  open(file);
  notes().add({.time = 700, .text = "kept"});
  EXPECT_TRUE(wait_for([&] { return QFile::exists(sidecar(file)); }));
  EXPECT_TRUE(wait_for([&] { return !notes().dirty(); }));
}

TEST_F(NotesWindow, anotherTraceGetsItsOwnNotes) {
  open(file);
  notes().add({.time = 700, .text = "of the first"});
  const QString second = folder.filePath("rank1.json");
  window->openFiles({second});
  ASSERT_TRUE(wait_for([&] { return window->document().files().value(0) == second; }));
  EXPECT_EQ(notes().rowCount(), 0);
  EXPECT_TRUE(QFile::exists(sidecar(file)));
  EXPECT_FALSE(QFile::exists(sidecar(second)));
}

TEST_F(NotesWindow, aFolderThatCannotBeWrittenKeepsNotesInTheUsersOwn) {
  const QString gone = folder.filePath("no/such/folder/rank0.json");
  open(gone);
  notes().add({.time = 700, .text = "kept"});
  window->close();
  EXPECT_FALSE(notes().dirty());
  EXPECT_TRUE(window->messages().text().contains("cannot be written"));
  start();
  open(gone);
  EXPECT_TRUE(wait_for([&] { return notes().rowCount() == 1; }));
}

TEST_F(NotesWindow, aBrokenNotesFileIsReportedAndNeverReplaced) {
  std::ofstream(sidecar(file).toStdString()) << "garbage";
  open(file);
  ASSERT_TRUE(wait_for([&] { return window->messages().text().contains("notes"); }));
  notes().add({.time = 700, .text = "new"});
  window->close();
  QFile kept(sidecar(file));
  ASSERT_TRUE(kept.open(QIODevice::ReadOnly));
  EXPECT_EQ(kept.readAll(), "garbage");
}

TEST_F(NotesWindow, aSavedCopyTakesTheNotesAlong) {
  open(file);
  notes().add({.time = 700, .track = 0, .span = SpanRef{0, 1}, .text = "kept", .color = "blue"});
  const QString copy = folder.filePath("copy.moetrace");
  window->loader().save(copy);
  std::ofstream(sidecar(copy).toStdString()) << "notes of an older copy";
  ASSERT_TRUE(wait_for([&] { return !QFile::exists(sidecar(copy)); }));
  EXPECT_EQ(open_moetrace(copy.toStdString())->notes(), notes().notes());
}

}  // namespace
}  // namespace moescope
