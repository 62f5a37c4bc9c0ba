#include "app/window/main_window.h"

#include <QActionGroup>
#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMenuBar>
#include <QMimeData>
#include <QPointer>
#include <QStatusBar>
#include <QVBoxLayout>

#include "app/window/about_dialog.h"
#include "app/window/appearance.h"
#include "app/window/docks/load_views.h"
#include "app/window/docks/plan_window.h"
#include "app/window/docks/strip_column.h"
#include "app/window/docks/trace_views.h"
#include "app/window/files/paths.h"
#include "app/window/files/samples.h"
#include "app/window/run_question.h"
#include "app/window/window_commands.h"
#include "core/open/file_kind.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/common/units.h"
#include "views/details/details_panel.h"
#include "views/find/find_panel.h"
#include "views/legend/legend_panel.h"
#include "views/notes/notes_panel.h"
#include "views/rules/rules_panel.h"
#include "views/shell/command_palette.h"
#include "views/shell/key_sheet.h"
#include "views/shell/start_page.h"
#include "views/statistics/statistics_panel.h"
#include "views/tree/trace_tree.h"

/// Links the resources of the static library in; the macro works outside every namespace only.
static void add_resources() {
  Q_INIT_RESOURCE(resources);
}

namespace moescope {
namespace {
constexpr auto kGeometryKey = "window/geometry";
}

MainWindow::MainWindow(WindowServices services, QWidget* parent)
    : QMainWindow(parent),
      loader_(document_, services.files),
      load_loader_(loads_),
      notes_keeper_(document_),
      layout_(*this, session_),
      files_(new FileActions(document_, loads_, loader_, session_, this)),
      outputs_(new OutputActions(document_, loads_, layout_, session_, this)),
      range_bar_(new RangeBar(document_, context_, this)),
      live_(new LiveWindow({document_, loads_, context_, loader_, session_, layout_}, services.live,
                           this)),
      guide_(new LiveGuide(*live_, layout_, loads_, this)),
      run_question_(new RunQuestion(*this, services)) {
  add_resources();
  setObjectName("mainWindow");
  setWindowTitle(tr("MoEscope"));
  setWindowIcon(QIcon(":/moescope.svg"));
  setAcceptDrops(true);
  resize(1280, 800);
  apply_appearance(session_.theme());
  // Before the docks, so that the shared range fits the trace when they hear of it.
  connect(&document_, &Document::traceChanged, this, &MainWindow::traceChanged);
  connect(&document_, &Document::traceGrown, this, [this] {
    context_.grow(document_.trace()->range());
    showFileStatus();
  });
  buildCentral();
  buildDocks();
  buildMenus();
  buildStatus();
  connectLoading();
  connectLoads();
  buildLive();
  restoreGeometry(session_.value(kGeometryKey));
  refreshStartPage();
}

/// The plan's dock looks at members of the window.
MainWindow::~MainWindow() {
  delete plans_;
}

void MainWindow::buildCentral() {
  start_ = new StartPage(this);
  layout_.setStartPage(start_);
  messages_ = new MessageBar(this);
  addToolBar(range_bar_);
  addStrips({&live_->attachPanel(), &guide_->panel(), messages_});
  connect(start_, &StartPage::openRequested, files_, &FileActions::chooseFiles);
  connect(start_, &StartPage::openFolderRequested, files_, &FileActions::chooseFolder);
  connect(start_, &StartPage::restoreRequested, this, &MainWindow::restoreLastSession);
  connect(start_, &StartPage::filesRequested, &loader_, &Loader::open);
  connect(start_, &StartPage::pinRequested, &session_, &Session::setPinned);
  connect(start_, &StartPage::removeRequested, &session_, &Session::removeRecent);
  connect(&session_, &Session::recentChanged, this, &MainWindow::refreshStartPage,
          Qt::QueuedConnection);
}

/// A tool bar area of its own keeps strips above every dock, wherever these are moved. They stand
/// in one widget, because a tool bar shows and enables what is in it as it likes.
void MainWindow::addStrips(const QList<QWidget*>& strips) {
  auto* column = new StripColumn(this);
  auto* lines = new QVBoxLayout(column);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(2);
  for (QWidget* strip : strips) lines->addWidget(strip);
  column->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  auto* bar = new QToolBar(tr("Messages"), this);
  bar->setObjectName("messageArea");
  bar->setMovable(false);
  bar->addWidget(column);
  bar->toggleViewAction()->setVisible(false);
  addToolBarBreak();
  addToolBar(bar);
}

void MainWindow::buildLive() {
  connect(live_, &LiveWindow::message, messages_, &MessageBar::showMessage);
  connect(live_, &LiveWindow::started, messages_, &MessageBar::clear);
  connect(live_, &LiveWindow::recorded, &load_loader_, &LoadLoader::complete);
  connect(start_, &StartPage::liveRequested, this, &MainWindow::tryLive);
  connect(start_, &StartPage::attachRequested, live_->attachAction(), &QAction::trigger);
  statusBar()->insertPermanentWidget(1, live_->statusLabel());
}

void MainWindow::tryLive() {
  live_->startEmbedded();
  guide_->begin();
}

void MainWindow::buildDocks() {
  live_->addDocks();
  layout_.add(new TraceTree(document_, context_), "tree", tr("Trace"), Qt::LeftDockWidgetArea,
              false);
  layout_.add(new LegendPanel(document_), "legend", tr("Legend"), Qt::LeftDockWidgetArea, false);
  add_trace_views(layout_, document_, context_);
  add_load_views(layout_, loads_);
  plans_ = new PlanWindow(loads_, layout_, *this);
  find_ = new FindPanel(document_, context_);
  rules_ = new RulesPanel(document_);
  layout_.add(find_, "find", tr("Find"), Qt::BottomDockWidgetArea, true);
  layout_.add(rules_, "rules", tr("Rules"), Qt::BottomDockWidgetArea, true);
  notes_ = new NotesPanel(document_, context_);
  layout_.add(notes_, "notes", tr("Notes"), Qt::BottomDockWidgetArea, true);
  details_ = new DetailsPanel(document_, context_);
  layout_.add(details_, "details", tr("Details"), Qt::RightDockWidgetArea, false);
  layout_.add(new StatisticsPanel(document_, context_), "statistics", tr("Statistics"),
              Qt::RightDockWidgetArea, false);
  connect(details_, &DetailsPanel::ruleRequested, this, [this](int rule) {
    layout_.reveal("rules");
    rules_->showRule(rule);
  });
  connect(rules_, &RulesPanel::failed, this, [this](const QString& error) {
    messages_->showMessage({UserMessage::Level::Error, error, {}});
  });
  connect(range_bar_->findField(), &QLineEdit::textChanged, find_, &FindPanel::setText);
  connect(range_bar_->findField(), &QLineEdit::returnPressed, this, [this] {
    layout_.reveal("find");
    find_->next();
    range_bar_->findField()->setFocus();
  });
}

QAction* MainWindow::addWindowAction(QMenu& menu, const QString& name, const QString& text,
                                     const QString& tip, const QList<QKeySequence>& keys) {
  QAction* action = make_action(&menu, name, text, tip, keys);
  menu.addAction(action);
  return action;
}

void MainWindow::buildMenus() {
  buildFileMenu();
  buildEditMenu();
  buildViewMenu();
  buildPlanMenu();
  live_->fillMenu(*menuBar()->addMenu(tr("&Live")));
  buildHelpMenu();
}

void MainWindow::buildFileMenu() {
  auto* file = menuBar()->addMenu(tr("&File"));
  connect(outputs_, &OutputActions::message, messages_, &MessageBar::showMessage);
  files_->fillMenu(*file, *outputs_);
  range_bar_->addFirst(live_->follow().action());
  range_bar_->addFirst(live_->stopAction());
  range_bar_->addFirst(live_->attachAction());
  range_bar_->addFirst(live_->recordAction());
  range_bar_->addFirst(files_->openAction());
}

void MainWindow::buildEditMenu() {
  auto* edit = menuBar()->addMenu(tr("&Edit"));
  undo_.addStack(&document_.undoStack());
  undo_.setActiveStack(&document_.undoStack());
  QAction* undo = undo_.createUndoAction(this, tr("&Undo"));
  mark_destructive(undo)->setObjectName("edit.undo");
  undo->setShortcut(QKeySequence::Undo);
  undo->setToolTip(tr("Take back the last edit of notes, rules or rows"));
  QAction* redo = undo_.createRedoAction(this, tr("&Redo"));
  mark_destructive(redo)->setObjectName("edit.redo");
  redo->setShortcuts({QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")});
  redo->setToolTip(tr("Make the edit again that was taken back"));
  edit->addActions({undo, redo});
  edit->addSeparator();
  QAction* note =
      addWindowAction(*edit, "edit.addNote", tr("Add &note"),
                      tr("Add a note at the selected span or at the pointer"), {QKeySequence("N")});
  connect(note, &QAction::triggered, this, [this] {
    layout_.reveal("notes");
    notes_->addNote();
  });
  const auto refresh = [this, note] { note->setEnabled(document_.trace() != nullptr); };
  connect(&document_, &Document::traceChanged, note, refresh);
  refresh();
  edit->addSeparator();
  connect(addWindowAction(*edit, "edit.find", tr("&Find…"), tr("Find spans by name"),
                          {QKeySequence::Find}),
          &QAction::triggered, this, [this] {
            layout_.reveal("find");
            find_->focusInput();
          });
  connect(addWindowAction(*edit, "edit.findNext", tr("Find &next"), tr("Go to the next hit"),
                          {QKeySequence("F3")}),
          &QAction::triggered, find_, &FindPanel::next);
  connect(addWindowAction(*edit, "edit.findPrevious", tr("Find &previous"),
                          tr("Go to the hit before"), {QKeySequence("Shift+F3")}),
          &QAction::triggered, find_, &FindPanel::previous);
  QAction* clear = addWindowAction(*edit, "edit.clearSelection", tr("&Clear selection"),
                                   tr("One step back: the marked area, then the selected spans"),
                                   {QKeySequence("Escape")});
  connect(clear, &QAction::triggered, this, [this] { context_.clearSelection(); });
  // The timeline steps back by itself, out of measuring first; two owners of a key are none.
  const QPointer<QDockWidget> timeline = layout_.dock("timeline");
  connect(qApp, &QApplication::focusChanged, clear, [clear, timeline](QWidget*, QWidget* now) {
    const bool in_timeline = timeline != nullptr && timeline->isAncestorOf(now);
    clear->setShortcuts(in_timeline ? QList<QKeySequence>()
                                    : QList<QKeySequence>{QKeySequence("Escape")});
  });
}

void MainWindow::buildViewMenu() {
  auto* view = menuBar()->addMenu(tr("&View"));
  for (QAction* action : range_bar_->actions())
    if (action->objectName().startsWith("range.")) view->addAction(action);
  view->addSeparator();
  layout_.fillMenu(*view);
  auto* themes = view->addMenu(tr("&Theme"));
  auto* group = new QActionGroup(this);
  const QList<QPair<QString, QString>> choices = {
      {"system", tr("&System")}, {"light", tr("&Light")}, {"dark", tr("&Dark")}};
  for (const auto& [id, text] : choices) {
    QAction* action = themes->addAction(text);
    action->setObjectName("theme." + id);
    action->setToolTip(tr("Colours of the window"));
    action->setCheckable(true);
    action->setChecked(session_.theme() == id);
    group->addAction(action);
    connect(action, &QAction::triggered, this, [this, id = id] { setTheme(id); });
  }
}

void MainWindow::buildPlanMenu() {
  plans_->fillMenu(*menuBar()->addMenu(tr("&Plan")));
  plans_->joinUndo(undo_, document_.undoStack());
  connect(plans_, &PlanWindow::message, messages_, &MessageBar::showMessage);
  connect(plans_, &PlanWindow::opened, &session_, &Session::addRecent);
  connect(plans_, &PlanWindow::contentChanged, this, &MainWindow::contentChanged);
}

void MainWindow::buildHelpMenu() {
  auto* help = menuBar()->addMenu(tr("&Help"));
  connect(addWindowAction(*help, "help.palette", tr("&Command palette…"),
                          tr("Find and run any command"), {QKeySequence("Ctrl+Shift+P")}),
          &QAction::triggered, this, &MainWindow::showPalette);
  help->addAction(guide_->action());
  QAction* keys =
      addWindowAction(*help, "help.keys", tr("&Keys…"), tr("All commands that have a key"),
                      {QKeySequence("?"), QKeySequence("F1")});
  connect(keys, &QAction::triggered, this, &MainWindow::showKeySheet);
  help->addSeparator();
  connect(addWindowAction(*help, "help.about", tr("&About MoEscope…"),
                          tr("Version, licence and libraries"), {}),
          &QAction::triggered, this, [this] {
            auto* about = new AboutDialog(this);
            about->setAttribute(Qt::WA_DeleteOnClose);
            about->show();
          });
}

void MainWindow::buildStatus() {
  file_status_ = new QLabel(tr("No trace open"), this);
  file_status_->setObjectName("fileStatus");
  file_status_->setContentsMargins(6, 0, 0, 0);
  job_status_ = new JobStatus(this);
  statusBar()->addWidget(file_status_, 1);
  statusBar()->addPermanentWidget(job_status_);
  statusBar()->setSizeGripEnabled(false);
}

void MainWindow::connectJob(JobRunner& job) {
  connect(&job, &JobRunner::started, job_status_,
          [this](const QString& title) { job_status_->setBusy(true, title); });
  connect(&job, &JobRunner::progressed, job_status_, &JobStatus::setProgress);
  connect(&job, &JobRunner::finished, job_status_,
          [this] { job_status_->setBusy(loader_.busy() || load_loader_.busy(), {}); });
  connect(job_status_, &JobStatus::cancelRequested, &job, &JobRunner::cancel);
}

void MainWindow::connectLoading() {
  connectJob(outputs_->job());
  connectJob(plans_->job());
  connectJob(plans_->solveJob());
  connect(&loader_, &Loader::busyChanged, job_status_, &JobStatus::setBusy);
  connect(&loader_, &Loader::progressed, job_status_, &JobStatus::setProgress);
  connect(&loader_, &Loader::message, messages_, &MessageBar::showMessage);
  connect(job_status_, &JobStatus::cancelRequested, &loader_, &Loader::cancel);
  connect(&loader_, &Loader::opened, this, [this](const QStringList& files) {
    messages_->clear();
    session_.addRecent(files);
    if (!restore_range_.empty()) context_.setRange(restore_range_);
    restore_range_ = {};
  });
  connect(&notes_keeper_, &NotesKeeper::message, messages_, &MessageBar::showMessage);
  connect(&loader_, &Loader::saved, &notes_keeper_, &NotesKeeper::forgetBeside);
  connect(&document_.notes(), &NotesModel::dirtyChanged, this, &QWidget::setWindowModified);
  plans_->offerRecovery(*messages_);
  connect(&loader_, &Loader::failed, this, [this] { restore_range_ = {}; });
  connect(&loader_, &Loader::severalRuns, this, [this] { restore_range_ = {}; });
  connect(&loader_, &Loader::severalRuns, run_question_, &RunQuestion::ask);
}

void MainWindow::connectLoads() {
  connectJob(load_loader_.job());
  connectJob(sort_job_);
  // At once: a look that has just ended must not open what is not wanted any more.
  connect(job_status_, &JobStatus::cancelRequested, &sort_job_, &JobRunner::abandon);
  connect(&sort_job_, &JobRunner::cancelled, this, [this] {
    messages_->showMessage(
        {UserMessage::Level::Info, tr("Opening was cancelled; nothing changed."), {}});
  });
  loader_.setSorter([this](const QStringList& files, const auto& go_on) { sort(files, go_on); });
  connect(plans_, &PlanWindow::severalPlans, this, &MainWindow::offerComparison);
  connect(&load_loader_, &LoadLoader::message, messages_, &MessageBar::showMessage);
  connect(&load_loader_, &LoadLoader::opened, this, [this](const QStringList& files, bool log) {
    session_.addRecent(files);
    layout_.reveal(log ? "balance" : "load");
  });
  connect(&load_loader_, &LoadLoader::ambiguous, this, &MainWindow::askAboutArrays);
  connect(&loader_, &Loader::opened, &load_loader_, &LoadLoader::openRecorded);
  connect(&loader_, &Loader::closed, &load_loader_, &LoadLoader::close);
  connect(&loads_, &LoadDocument::loadsChanged, this, &MainWindow::contentChanged);
  connect(&loads_, &LoadDocument::logsChanged, this, &MainWindow::contentChanged);
}

/// Files lie where a look may take long, on a share that hangs for one: never on this thread.
void MainWindow::sort(const QStringList& files,
                      const std::function<void(const QStringList&)>& go_on) {
  sort_job_.start(
      files.size() == 1 ? tr("Looking at %1").arg(QFileInfo(files.front()).fileName())
                        : tr("Looking at %1 files").arg(files.size()),
      [paths = to_paths(files)](Progress& progress) { return sort_files(paths, progress); },
      [this, go_on](const SortedFiles& sorted) {
        plans_->take(to_names(sorted.plans));
        load_loader_.take(to_names(sorted.loads), to_names(sorted.recordings));
        go_on(to_names(sorted.traces));
      });
}

void MainWindow::offerComparison(const QString& shown, const QStringList& others) {
  MessageBar::Choices choices;
  for (const QString& other : others)
    choices.emplace_back(tr("Compare with %1").arg(QFileInfo(other).fileName()),
                         [this, other] { plans_->compareWith(other); });
  messages_->offer({UserMessage::Level::Warning,
                    tr("One plan is edited at a time: %1 is open, %2 not.")
                        .arg(QFileInfo(shown).fileName(), others.size() == 1
                                                              ? QFileInfo(others.front()).fileName()
                                                              : tr("%1 others").arg(others.size())),
                    others.join(QLatin1Char('\n'))},
                   std::move(choices));
}

void MainWindow::askAboutArrays(const QStringList& files, const QString& reason) {
  const auto open_as = [this, files](LoadReading::Arrays arrays) {
    return [this, files, arrays] {
      LoadReading reading;
      reading.arrays = arrays;
      load_loader_.open(files, reading);
    };
  };
  messages_->offer({UserMessage::Level::Warning, reason + QLatin1Char('.'), {}},
                   {{tr("Open as counts"), open_as(LoadReading::Arrays::Counts)},
                    {tr("Open as routes"), open_as(LoadReading::Arrays::Routes)}});
}

void MainWindow::traceChanged() {
  const TracePtr& trace = document_.trace();
  if (loader_.completing()) {
    // What was looked at stays, but for spans: these may be numbered otherwise in the file.
    const auto area = context_.area();
    context_.setArea(std::nullopt);
    context_.clearSelection();
    context_.setHovered({});
    context_.grow(trace->range());
    context_.setArea(area);
    contentChanged();
    return;
  }
  context_.reset(trace ? trace->range() : TimeRange{0, 1});
  contentChanged();
  if (trace) layout_.dock("timeline")->widget()->setFocus();  // so that W, A, S, D work at once
}

void MainWindow::contentChanged() {
  const TracePtr& trace = document_.trace();
  const bool plan = !plans_->document().empty();
  const bool nothing = !trace && loads_.empty() && !plan;
  layout_.setWorkspace(trace ? Workspace::Trace : nothing ? Workspace::Start : Workspace::Loads);
  if (!trace && loads_.empty() && plan) {
    setWindowTitle(tr("%1[*] - MoEscope").arg(plans_->document().name()));
    file_status_->setText(plans_->document().name());
    file_status_->setToolTip(plans_->document().file());
    return;
  }
  if (nothing) {
    setWindowTitle(tr("MoEscope"));
    file_status_->setText(tr("No trace open"));
    file_status_->setToolTip({});
    refreshStartPage();
    return;
  }
  if (!trace) {
    const QString text = describe_loads(loads_);
    setWindowTitle(tr("%1[*] - MoEscope").arg(text.section(QStringLiteral("    "), 0, 0)));
    file_status_->setText(text);
    file_status_->setToolTip(loads_.files().join(QLatin1Char('\n')));
    return;
  }
  showFileStatus();
}

void MainWindow::showFileStatus() {
  const TracePtr& trace = document_.trace();
  const QStringList& files = document_.files();
  const QString name =
      files.size() == 1 ? QFileInfo(files.front()).fileName() : tr("%1 files").arg(files.size());
  setWindowTitle(tr("%1[*] - MoEscope").arg(name));
  QStringList parts{name};
  // A recording has spans alone; a file of a profiler has events that become spans or do not.
  if (trace->info().events > 0) parts << tr("%1 events").arg(format_count(trace->info().events));
  parts << tr("%1 spans").arg(format_count(trace->span_count()))
        << tr("%1 tracks").arg(format_count(trace->tracks().size()))
        << format_time(trace->range().length());
  file_status_->setText(parts.join(QLatin1String("    ")));
  file_status_->setToolTip(files.join(QLatin1Char('\n')));
}

void MainWindow::refreshStartPage() {
  QList<StartPage::Entry> recent;
  for (const RecentEntry& entry : session_.recent())
    recent << StartPage::Entry{entry.files, entry.label(), {}, entry.missing(), entry.pinned};
  start_->setRecent(recent);
  QList<StartPage::Entry> samples;
  for (const Sample& sample : find_samples())
    samples << StartPage::Entry{sample.files, sample.label, {}, false, false};
  start_->setSamples(samples);
  start_->setLastSession(session_.lastFiles());
}

void MainWindow::setTheme(const QString& theme) {
  session_.setTheme(theme);
  apply_appearance(theme);
}

CommandList MainWindow::commands() const {
  return window_commands(*menuBar(), layout_);
}

void MainWindow::showPalette() {
  auto* palette = new CommandPalette(commands(), this);
  palette->setAttribute(Qt::WA_DeleteOnClose);
  palette->move(mapToGlobal(QPoint((width() - palette->width()) / 2, 60)));
  palette->show();
}

void MainWindow::showKeySheet() {
  auto* sheet = new KeySheet(commands(), this);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->show();
}

void MainWindow::restoreLastSession() {
  restore_range_ = session_.lastRange();
  loader_.open(session_.lastFiles());
}

void MainWindow::closeEvent(QCloseEvent* event) {
  session_.setValue(kGeometryKey, saveGeometry());
  layout_.save();
  if (document_.trace())
    session_.setLast(document_.files(), context_.range());
  else if (!loads_.files().isEmpty())
    session_.setLast(loads_.files(), {});
  notes_keeper_.flush();
  plans_->flush();
  loader_.cancel();
  QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList files;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) files << url.toLocalFile();
  if (files.isEmpty()) return;
  event->acceptProposedAction();
  loader_.open(files);
}

}  // namespace moescope
