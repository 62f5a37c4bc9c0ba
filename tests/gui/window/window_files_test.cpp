// The window with real files: folders, saving, exports, reports, and what happens when they fail.
#include <gmock/gmock.h>

#include <QClipboard>
#include <QDropEvent>
#include <QMimeData>
#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "app/window/main_window.h"
#include "app/window/output/export_dialog.h"
#include "app/window/output/output_actions.h"
#include "core/import/open.h"
#include "core/trace/file/moetrace.h"
#include "tests/gui/wait_for.h"
#include "views/common/theme.h"
#include "views/find/find_panel.h"
#include "views/rules/rules_panel.h"
#include "views/shell/key_sheet.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

/// One rank: a dispatch kernel [10, 30) us and an own kernel [20, 60) us on GPU 0.
void write_rank(const QString& path, int rank) {
  std::ofstream(path.toStdString())
      << R"({"baseTimeNanoseconds":1700000000000000000,"distributedInfo":{"rank":)" << rank
      << R"(,"world_size":2},"traceEvents":[)"
      << R"({"ph":"X","cat":"kernel","name":"deep_ep::dispatch","pid":0,"tid":7,"ts":10,"dur":20,)"
      << R"("args":{"device":0,"stream":7,"correlation":1}},)"
      << R"({"ph":"X","cat":"kernel","name":"my_own_kernel","pid":0,"tid":8,"ts":20,"dur":40,)"
      << R"("args":{"device":0,"stream":8,"correlation":2}}]})";
}

class WindowFiles : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    QDir().mkpath(folder.filePath("ranks"));
    rank0 = folder.filePath("ranks/rank0.json");
    write_rank(rank0, 0);
    write_rank(folder.filePath("ranks/rank1.json"), 1);
    start();
  }
  void start() {
    window = std::make_unique<MainWindow>(WindowServices());
    window->resize(1280, 800);
    window->show();
  }
  void open(const QString& path) {
    const AnalysisPtr before = window->document().analysis();
    window->openFiles({path});
    ASSERT_TRUE(wait_for([&] {
      return window->document().analysis() && window->document().analysis() != before;
    })) << window->messages().text().toStdString();
  }
  void drop(const QList<QUrl>& urls) {
    QMimeData mime;
    mime.setUrls(urls);
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(window.get(), &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent event(QPointF(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(window.get(), &event);
  }
  bool waitForMessage(const char* text) {
    return wait_for([&] { return window->messages().text().contains(QLatin1String(text)); });
  }
  QByteArray read(const QString& path) const {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
  }
  template <typename T>
  T* find(const QString& name) const {
    T* found = window->findChild<T*>(name);
    EXPECT_NE(found, nullptr) << name.toStdString();
    return found;
  }

  QTemporaryDir folder;
  QString rank0;
  std::unique_ptr<MainWindow> window;
};

TEST_F(WindowFiles, aFolderOpensAsOneTraceWithARankForEachFile) {
  open(folder.filePath("ranks"));
  EXPECT_EQ(window->document().trace()->processes().size(), 2U);
  EXPECT_EQ(find<QComboBox>("rankFilter")->count(), 3);
}

TEST_F(WindowFiles, aDroppedFolderOpens) {
  drop({QUrl::fromLocalFile(folder.filePath("ranks"))});
  ASSERT_TRUE(wait_for([&] { return window->document().trace() != nullptr; }));
  EXPECT_EQ(window->document().trace()->processes().size(), 2U);
}

TEST_F(WindowFiles, whatIsNoFileCannotBeDropped) {
  QMimeData mime;
  mime.setText("no file");
  QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  enter.ignore();
  QCoreApplication::sendEvent(window.get(), &enter);
  EXPECT_FALSE(enter.isAccepted());
}

TEST_F(WindowFiles, anUnreadableFileIsReportedAndTheOpenTraceStays) {
  open(rank0);
  const TracePtr before = window->document().trace();
  for (const QString& bad : {folder.filePath("absent.json"), folder.filePath("empty")}) {
    if (bad.endsWith("empty")) QDir().mkpath(bad);
    window->messages().clear();
    window->openFiles({bad});
    ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
    EXPECT_THAT(window->messages().text().toStdString(),
                HasSubstr(QFileInfo(bad).fileName().toStdString()));
    EXPECT_EQ(window->document().trace(), before);
  }
  EXPECT_EQ(window->session().recent().size(), 1U) << "what did not open is not a recent file";
}

TEST_F(WindowFiles, aSavedTraceOpensAgain) {
  open(rank0);
  const QString copy = folder.filePath("copy.moetrace");
  window->loader().save(copy);
  ASSERT_TRUE(waitForMessage("Saved"));
  const auto spans = window->document().trace()->span_count();
  open(copy);
  EXPECT_EQ(window->document().trace()->span_count(), spans);
  EXPECT_EQ(window->document().trace()->info().format, "kineto");
}

TEST_F(WindowFiles, savingWhereNothingCanBeWrittenIsReportedAndLeavesNoFile) {
  open(rank0);
  for (const QString& bad :
       {folder.filePath("no/such/folder/x.moetrace"), QString("/dev/full/x.moetrace")}) {
    window->messages().clear();
    window->loader().save(bad);
    ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
    EXPECT_THAT(window->messages().text().toStdString(), HasSubstr(bad.toStdString()));
    EXPECT_FALSE(QFile::exists(bad));
  }
  EXPECT_NE(window->document().trace(), nullptr);
}

TEST_F(WindowFiles, theThemeChangesAtOnceAndIsRemembered) {
  find<QAction>("theme.dark")->trigger();
  EXPECT_TRUE(wait_for([&] { return Theme::of(window->palette()).dark; }));
  find<QAction>("theme.light")->trigger();
  EXPECT_TRUE(wait_for([&] { return !Theme::of(window->palette()).dark; }));
  EXPECT_EQ(window->session().theme(), "light");
  window.reset();
  start();
  EXPECT_TRUE(find<QAction>("theme.light")->isChecked());
  find<QAction>("theme.system")->trigger();
}

TEST_F(WindowFiles, theTextSizeIsForEverythingAndRemembered) {
  find<QAction>("text.normal")->trigger();
  const double normal = window->font().pointSizeF();
  find<QAction>("text.large")->trigger();
  EXPECT_TRUE(wait_for([&] { return window->font().pointSizeF() > normal * 1.2; }));
  find<QAction>("text.small")->trigger();
  EXPECT_TRUE(wait_for([&] { return window->font().pointSizeF() < normal * 0.95; }));
  window.reset();
  start();
  EXPECT_TRUE(find<QAction>("text.small")->isChecked());
  find<QAction>("text.normal")->trigger();
  EXPECT_DOUBLE_EQ(QApplication::font().pointSizeF(), normal);
}

TEST_F(WindowFiles, f3GoesToTheNextHitFromAnywhere) {
  open(rank0);
  find<QLineEdit>("omnibox")->setText("kernel");
  auto* panel = find<FindPanel>("findPanel");
  ASSERT_TRUE(wait_for([&] { return panel->model().rowCount() == 1; }));
  window->activateWindow();
  ASSERT_TRUE(wait_for([&] { return window->isActiveWindow(); }));
  QTest::keyClick(window.get(), Qt::Key_F3);
  ASSERT_TRUE(window->selection().currentSpan().valid());
  EXPECT_EQ(window->document().trace()->name(window->selection().currentSpan()), "my_own_kernel");
}

TEST_F(WindowFiles, rulesExportAndImportAndAnalyseAtOnce) {
  open(rank0);
  auto* panel = find<RulesPanel>("rulesPanel");
  const QString file = folder.filePath("rules.json");
  panel->exportRules(file);
  EXPECT_EQ(RuleSet::from_json(read(file).toStdString(), "file").to_json(),
            RuleSet::built_in().to_json());
  std::ofstream(file.toStdString())
      << R"({"schema":1,"rules":[{"class":"combine","pattern":"my_own"}]})";
  const AnalysisPtr before = window->document().analysis();
  panel->importRules(file);
  ASSERT_TRUE(wait_for([&] { return window->document().analysis() != before; }));
  EXPECT_EQ(window->document().analysis()->overlap.front().figures.comm, 40'000);
  find<QAction>("edit.undo")->trigger();
  ASSERT_TRUE(wait_for(
      [&] { return window->document().analysis()->overlap.front().figures.comm == 20'000; }));
}

TEST_F(WindowFiles, aBrokenRuleFileIsAnErrorAndChangesNothing) {
  auto* panel = find<RulesPanel>("rulesPanel");
  const QString file = folder.filePath("rules.json");
  std::ofstream(file.toStdString()) << R"({"schema":1,"rules":[{"class":"nothing"}]})";
  EXPECT_ANY_THROW(panel->importRules(file));
  EXPECT_ANY_THROW(panel->importRules(folder.filePath("absent.json")));
  EXPECT_ANY_THROW(panel->exportRules(folder.filePath("no/such/rules.json")));
  EXPECT_EQ(panel->model().rules().to_json(), RuleSet::built_in().to_json());
}

TEST_F(WindowFiles, aNamedLayoutComesBackAndCanBeRemoved) {
  window->resize(1600, 900);
  open(rank0);
  window->layouts().dock("details")->hide();
  window->session().setLayout("no details", window->saveState());
  window->layouts().arrange(Preset::Analyse);
  EXPECT_TRUE(window->layouts().dock("details")->isVisible());
  const auto layout_action = [&](const QString& text) -> QAction* {
    for (const Command& command : window->commands())
      if (command.action->text() == text) return command.action;
    return nullptr;
  };
  ASSERT_NE(layout_action("no details"), nullptr);
  layout_action("no details")->trigger();
  EXPECT_FALSE(window->layouts().dock("details")->isVisible());
  window->session().removeLayout("no details");
  EXPECT_EQ(layout_action("no details"), nullptr);
}

TEST_F(WindowFiles, everyCommandOfThePaletteSaysWhatItDoesAndKeysAreUnambiguous) {
  open(rank0);
  QStringList keys;
  for (const Command& command : window->commands()) {
    EXPECT_FALSE(command.action->toolTip().isEmpty()) << command.action->text().toStdString();
    if (command.action->shortcutContext() != Qt::WindowShortcut) continue;
    for (const QKeySequence& key : command.action->shortcuts()) {
      EXPECT_FALSE(keys.contains(key.toString())) << key.toString().toStdString();
      keys << key.toString();
    }
  }
  window->showKeySheet();
  QStringList sheet;
  QTreeWidget* tree = find<KeySheet>("keySheet")->tree();
  for (int g = 0; g < tree->topLevelItemCount(); ++g)
    for (int i = 0; i < tree->topLevelItem(g)->childCount(); ++i)
      sheet << tree->topLevelItem(g)->child(i)->text(0);
  qsizetype with_keys = 0;
  for (const Command& command : window->commands()) {
    if (command.action->shortcuts().isEmpty()) continue;
    ++with_keys;
    EXPECT_TRUE(sheet.contains(command_text(*command.action)))
        << command.action->text().toStdString();
  }
  EXPECT_EQ(sheet.size(), with_keys);
}

TEST_F(WindowFiles, escapeStepsBackWhateverHasTheFocus) {
  open(rank0);
  window->activateWindow();
  ASSERT_TRUE(wait_for([&] { return window->isActiveWindow(); }));
  for (const char* dock : {"timeline", "details", "statistics", "sm", "overlap"}) {
    window->selection().selectSpan({0, 0});
    window->layouts().reveal(dock);
    QWidget* focus = QApplication::focusWidget();
    QTest::keyClick(focus == nullptr ? window.get() : focus, Qt::Key_Escape);
    EXPECT_FALSE(window->selection().currentSpan().valid()) << dock;
  }
}

class WindowOutput : public WindowFiles {
 protected:
  void SetUp() override {
    WindowFiles::SetUp();
    open(rank0);
    window->document().trace();
    find<QAction>("file.export")->trigger();
    dialog = find<ExportDialog>("exportDialog");
  }
  void choose(const QString& box, const QVariant& data) {
    auto* combo = dialog->findChild<QComboBox*>(box);
    ASSERT_GE(combo->findData(data), 0);
    combo->setCurrentIndex(combo->findData(data));
  }
  ExportDialog* dialog = nullptr;
};

TEST_F(WindowOutput, writesEveryViewInEveryFormat) {
  for (const char* view : {"dock.timeline", "dock.sm", "dock.overlap"}) {
    choose("exportView", view);
    for (const auto& [format, head] : std::vector<std::pair<QString, QByteArray>>{
             {"png", "\x89PNG"}, {"svg", "<?xml"}, {"pdf", "%PDF"}, {"csv", ""}}) {
      choose("exportFormat", format);
      const QString file = folder.filePath(QString(view) + '.' + format);
      EXPECT_TRUE(dialog->exportTo(file)) << file.toStdString();
      EXPECT_TRUE(read(file).startsWith(head)) << file.toStdString();
      EXPECT_FALSE(read(file).isEmpty()) << file.toStdString();
    }
  }
}

TEST_F(WindowOutput, sizeSharpnessAndThemeAreThoseOfTheDialog) {
  dialog->findChild<QSpinBox*>("exportWidth")->setValue(640);
  dialog->findChild<QSpinBox*>("exportHeight")->setValue(400);
  choose("exportScale", 2);
  choose("exportFormat", "png");
  for (const auto& [id, theme] : std::vector<std::pair<QString, const Theme*>>{
           {"dark", &Theme::dark_theme()}, {"light", &Theme::light()}}) {
    choose("exportTheme", id);
    const QString file = folder.filePath(id);
    ASSERT_TRUE(dialog->exportTo(file));
    const QImage image(file + ".png");
    EXPECT_EQ(image.size(), QSize(1280, 800));
    EXPECT_EQ(image.pixelColor(1, 1), theme->background);
  }
}

TEST_F(WindowOutput, aFailedExportIsReported) {
  EXPECT_FALSE(dialog->exportTo(folder.filePath("no/such/x.png")));
  EXPECT_EQ(window->messages().level(), UserMessage::Level::Error);
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("no/such/x.png"));
}

TEST_F(WindowOutput, pictureAndDataGoToTheClipboard) {
  choose("exportView", "dock.overlap");
  choose("exportScale", 1);
  dialog->copyPicture();
  EXPECT_EQ(QApplication::clipboard()->image().size(), QSize(1280, 720));
  dialog->copyData();
  EXPECT_THAT(QApplication::clipboard()->text().toStdString(), HasSubstr("Exposed communication"));
}

TEST_F(WindowOutput, chromeJsonIsWrittenAndOpensAgain) {
  auto* output = window->findChild<OutputActions*>();
  output->writeChrome(folder.filePath("chrome"));
  ASSERT_TRUE(waitForMessage("Wrote"));
  const auto spans = window->document().trace()->span_count();
  open(folder.filePath("chrome.json"));
  EXPECT_EQ(window->document().trace()->span_count(), spans);
  window->messages().clear();
  output->writeChrome(folder.filePath("no/such/x.json"));
  ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
}

TEST_F(WindowOutput, theReportIsWritten) {
  auto* output = window->findChild<OutputActions*>();
  ASSERT_NE(output, nullptr);
  const QString file = folder.filePath("report");
  output->writeReport(file);
  ASSERT_TRUE(waitForMessage("Wrote"));
  EXPECT_THAT(read(file + ".html").toStdString(), HasSubstr("my_own_kernel"));
  output->writeReport(folder.filePath("no/such/report.html"));
  ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
}

}  // namespace
}  // namespace moescope
