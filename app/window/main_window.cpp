#include "app/window/main_window.h"

#include <QActionGroup>
#include <QApplication>
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
#include "app/window/content_text.h"
#include "app/window/docks/plan_window.h"
#include "app/window/docks/strip_column.h"
#include "app/window/files/paths.h"
#include "app/window/files/samples.h"
#include "app/window/menus.h"
#include "app/window/run_question.h"
#include "app/window/window_commands.h"
#include "core/open/file_kind.h"
#include "views/balance/imbalance_track.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/common/tool_icon.h"
#include "views/counters/counter_track.h"
#include "views/details/details_panel.h"
#include "views/headline/headline_strip.h"
#include "views/notes/notes_panel.h"
#include "views/query/query_view.h"
#include "views/requests/requests_track.h"
#include "views/requests/requests_view.h"
#include "views/rules/rules_panel.h"
#include "views/shell/key_sheet.h"
#include "views/shell/start_page.h"
#include "views/sm/sm_track.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"
#include "views/views.h"
#include "views/whatif/whatif_view.h"

/// Links the resources of the static library in; the macro works outside every namespace only.
static void add_resources() {
  Q_INIT_RESOURCE(resources);
}

namespace moescope {
namespace {
constexpr auto kGeometryKey = "window/geometry";

/// Actions of which one is checked; choosing one calls `choose` with its id.
void add_choices(QMenu& menu, const QString& area, const QString& tip,
                 const QList<QPair<QString, QString>>& choices, const QString& current,
                 const std::function<void(const QString&)>& choose) {
  auto* group = new QActionGroup(&menu);
  for (const auto& [id, text] : choices) {
    QAction* action = menu.addAction(text);
    action->setObjectName(area + id);
    action->setToolTip(tip);
    action->setCheckable(true);
    action->setChecked(current == id);
    group->addAction(action);
    QObject::connect(action, &QAction::triggered, &menu, [choose, id = id] { choose(id); });
  }
}

}  // namespace

MainWindow::MainWindow(WindowServices services, QWidget* parent)
    : QMainWindow(parent),
      loader_(workspace_.trace(), services.files),
      load_loader_(workspace_.loads()),
      notes_keeper_(workspace_.trace()),
      layout_(*this, session_),
      files_(new FileActions(workspace_.trace(), workspace_.loads(), loader_, session_, this)),
      comparer_(new TraceComparer(workspace_, services.files, this)),
      outputs_(new OutputActions(workspace_.trace(), workspace_.loads(), layout_, session_, this)),
      range_bar_(new RangeBar(workspace_.trace(), workspace_.selection(), this)),
      live_(new LiveWindow({workspace_, loader_, session_, layout_}, services.live, this)),
      guide_(new LiveGuide(*live_, layout_, workspace_.loads(), actions_, this)),
      run_question_(new RunQuestion(*this, services)) {
  add_resources();
  setObjectName("mainWindow");
  setWindowTitle(tr("MoEscope"));
  setWindowIcon(QIcon(":/moescope.svg"));
  setAcceptDrops(true);
  resize(1280, 800);
  apply_appearance(session_.theme());
  apply_text_size(session_.textSize());
  connect(&workspace_.trace(), &TraceDocument::traceChanged, this, &MainWindow::traceChanged);
  connect(&workspace_.trace(), &TraceDocument::traceGrown, this, &MainWindow::showContentText);
  buildCentral();
  buildViews();
  buildActions();
  buildMenus();
  buildStatus();
  connectLoading();
  connectLoads();
  buildLive();
  restoreGeometry(session_.value(kGeometryKey));
  refreshStartPage();
  start_->setFocus();  // not the box of the tool bar, which would take single-key commands
}

/// The views look at members of the window.
MainWindow::~MainWindow() {
  delete plans_;
  layout_.removeViews();
}

void MainWindow::buildCentral() {
  start_ = new StartPage(this);
  layout_.setStartPage(start_);
  headline_ = new HeadlineStrip(workspace_);
  messages_ = new MessageBar(this);
  addToolBar(range_bar_);
  addStrips({headline_, &live_->attachPanel(), &guide_->panel()});
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
  auto* bar = new QToolBar(tr("Headline"), this);
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

void MainWindow::buildViews() {
  layout_.addViews(all_views(), workspace_);
  live_->connectViews();
  plans_ = new PlanWindow(workspace_, layout_, session_, *this);
  connect(plans_, &PlanWindow::message, messages_, &MessageBar::showMessage);
  connect(plans_, &PlanWindow::opened, &session_, &Session::addRecent);
  connect(plans_, &PlanWindow::contentChanged, this, &MainWindow::contentChanged);
  auto& rules = layout_.view<RulesPanel>("rules");
  auto& inspector = layout_.view<DetailsPanel>("details");
  connect(&inspector, &DetailsPanel::ruleRequested, this, [this, &rules](int rule) {
    layout_.reveal("rules");
    rules.showRule(rule);
  });
  connect(&inspector, &DetailsPanel::viewWanted, &layout_, &DockLayout::reveal);
  connect(&inspector, &DetailsPanel::queryWanted, &layout_.view<QueryView>("query"),
          &QueryView::ask);
  connect(&rules, &RulesPanel::failed, this, [this](const QString& error) {
    messages_->showMessage({UserMessage::Level::Error, error, {}});
  });
  search_ = new Search(range_bar_->omnibox(), layout_, document(), selection(), this);
  search_->setCommands([this] { return commands(); });
  connect(search_, &Search::message, messages_, &MessageBar::showMessage);
  auto& timeline = layout_.view<TimelineView>("timeline");
  connect(&timeline, &TimelineView::sameNameWanted, this, [this](const QString& name) {
    range_bar_->omnibox().setText(name);
    layout_.reveal("find");
  });
  connect(&timeline, &TimelineView::ruleWanted, this,
          [this, &rules](const QString& name, ClassifiedName now) {
            layout_.reveal("rules");
            rules.addRuleFor(name, now);
          });
  timeline.addTrack(new SmTrack(layout_.view<SmView>("sm"), selection()));
  timeline.addTrack(new ImbalanceTrack(loads(), selection()));
  timeline.addTrack(new RequestsTrack(layout_.view<RequestsView>("requests"), selection()));
  timeline.addTrack(new CounterTrack(document(), selection()));
  connect(headline_, &HeadlineStrip::viewWanted, &layout_, &DockLayout::reveal);
  connect(&layout_.view<WhatIfView>("whatif"), &WhatIfView::timelineWanted, this,
          [this](const QString& file) {
            document().trace() ? comparer_->compareWith({file}) : openFiles({file});
          });
  connect(&selection(), &Selection::selectionChanged, this,
          [this] { layout_.showSelection(selection().currentSpan().valid()); });
}

void MainWindow::buildActions() {
  addEditActions();
  addHelpActions();
  connect(outputs_, &OutputActions::message, messages_, &MessageBar::showMessage);
  plans_->joinUndo(undo_, document().undoStack());
  for (const QObject* part :
       std::initializer_list<const QObject*>{this, files_, search_, comparer_, outputs_, range_bar_,
                                             &layout_, plans_, live_, &live_->follow(), guide_})
    actions_.addOf(*part);
  plans_->connectActions(
      {actions_.find("plan.new"), actions_.find("file.open"), actions_.find("plan.open"),
       actions_.find("plan.import"), actions_.find("live.record")},
      actions_.find("live.apply"));
}

void MainWindow::addEditActions() {
  undo_.addStack(&document().undoStack());
  undo_.setActiveStack(&document().undoStack());
  QAction* undo = undo_.createUndoAction(this, tr("&Undo"));
  mark_destructive(undo)->setObjectName("edit.undo");
  undo->setShortcut(QKeySequence::Undo);
  undo->setToolTip(tr("Undo the last edit of notes, rules or rows"));
  QAction* redo = undo_.createRedoAction(this, tr("&Redo"));
  mark_destructive(redo)->setObjectName("edit.redo");
  redo->setShortcuts({QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")});
  redo->setToolTip(tr("Redo the edit that was undone"));
  QAction* note = make_action(this, "edit.add_note", tr("Add &note"),
                              tr("Add a note at the selected span or at the pointer"),
                              {QKeySequence("N")}, [this] {
                                layout_.reveal("notes");
                                layout_.view<NotesPanel>("notes").addNote();
                              });
  const auto refresh = [this, note] { note->setEnabled(document().trace() != nullptr); };
  connect(&document(), &TraceDocument::traceChanged, note, refresh);
  refresh();
  QAction* clear =
      make_action(this, "edit.clear_selection", tr("&Clear selection"),
                  tr("One step back: the selected area, then the selected spans"),
                  {QKeySequence("Escape")}, [this] { workspace_.selection().clearSelection(); });
  // The timeline handles Escape itself, leaving measuring first; a key with two owners does
  // nothing.
  const QPointer<QDockWidget> timeline = layout_.dock("timeline");
  connect(qApp, &QApplication::focusChanged, clear, [clear, timeline](QWidget*, QWidget* now) {
    const bool in_timeline = timeline != nullptr && timeline->isAncestorOf(now);
    clear->setShortcuts(in_timeline ? QList<QKeySequence>()
                                    : QList<QKeySequence>{QKeySequence("Escape")});
  });
}

void MainWindow::addHelpActions() {
  make_action(this, "help.keys", tr("&Keys…"), tr("All commands that have a key"),
              {QKeySequence("?"), QKeySequence("F1")}, [this] { showKeySheet(); });
  make_action(this, "help.message", tr("Go to the &message"),
              tr("Give the message in the lower right the keyboard; Escape closes it"),
              {QKeySequence("Ctrl+M")}, [this] { messages_->takeFocus(); });
  make_action(this, "help.about", tr("&About MoEscope…"), tr("Version, licence and libraries"), {},
              [this] {
                auto* about = new AboutDialog(this);
                about->setAttribute(Qt::WA_DeleteOnClose);
                about->show();
              });
}

void MainWindow::buildMenus() {
  build_menus(
      *menuBar(), actions_,
      {{"@recent", [this](QMenu& file) { files_->addRecent(file); }},
       {"@docks", [this](QMenu& view) { layout_.fillDocks(view); }},
       {"@layouts", [this](QMenu& view) { layout_.fillLayouts(*view.addMenu(tr("&Layouts"))); }},
       {"@themes", [this](QMenu& view) { fillThemes(view); }},
       {"@text_sizes", [this](QMenu& view) { fillTextSizes(view); }}});
  QList<QAction*> first;
  for (const auto& [id, icon] : tool_bar_table()) {
    QAction* action = actions_.find(id);
    action->setIcon(tool_icon(icon));
    action->setIconVisibleInMenu(false);
    first << action;
  }
  range_bar_->addFirst(first);
}

void MainWindow::fillThemes(QMenu& view) {
  add_choices(*view.addMenu(tr("&Theme")), "theme.", tr("Colours of the window"),
              {{"system", tr("&System")}, {"light", tr("&Light")}, {"dark", tr("&Dark")}},
              session_.theme(), [this](const QString& theme) {
                session_.setTheme(theme);
                apply_appearance(theme);
              });
}

void MainWindow::fillTextSizes(QMenu& view) {
  add_choices(*view.addMenu(tr("Text si&ze")), "text.", tr("Size of the texts of the window"),
              {{"small", tr("&Small")}, {"normal", tr("&Normal")}, {"large", tr("&Large")}},
              session_.textSize(), [this](const QString& size) {
                session_.setTextSize(size);
                apply_text_size(size);
              });
}

void MainWindow::buildStatus() {
  file_status_ = new QLabel(tr("No trace open"), this);
  file_status_->setObjectName("fileStatus");
  file_status_->setContentsMargins(6, 0, 0, 0);
  job_status_ = new JobStatus(this);
  statusBar()->addWidget(file_status_, 1);
  statusBar()->addPermanentWidget(job_status_);
  statusBar()->addPermanentWidget(messages_->foldedButton());
  messages_->foldedButton()->hide();  // a status bar shows what it is given
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
  connectJob(comparer_->job());
  connect(comparer_, &TraceComparer::message, messages_, &MessageBar::showMessage);
  connect(comparer_, &TraceComparer::comparing, this, [this] { layout_.reveal("compare"); });
  connectJob(plans_->job());
  connectJob(plans_->solveJob());
  auto& what_if = layout_.view<WhatIfView>("whatif");
  connectJob(what_if.sweepJob());
  connectJob(what_if.timelineJob());
  connect(&loader_, &Loader::busyChanged, job_status_, &JobStatus::setBusy);
  connect(&loader_, &Loader::progressed, job_status_, &JobStatus::setProgress);
  connect(&loader_, &Loader::message, messages_, &MessageBar::showMessage);
  connect(job_status_, &JobStatus::cancelRequested, &loader_, &Loader::cancel);
  connect(&loader_, &Loader::opened, this, [this](const QStringList& files) {
    messages_->clear();
    session_.addRecent(files);
    if (!restore_range_.empty()) workspace_.selection().setRange(restore_range_);
    restore_range_ = {};
    offerPrevious();
    // Two traces may be opened to be compared; their order of arrival is not known.
    if (workspace_.compare().kind() != CompareDocument::Kind::Nothing) layout_.reveal("compare");
  });
  connect(&notes_keeper_, &NotesKeeper::message, messages_, &MessageBar::showMessage);
  connect(&loader_, &Loader::saved, &notes_keeper_, &NotesKeeper::forgetBeside);
  connect(&document().notes(), &NotesModel::dirtyChanged, this, &QWidget::setWindowModified);
  plans_->offerRecovery(*messages_);
  connect(&loader_, &Loader::failed, this, [this] { restore_range_ = {}; });
  connect(&loader_, &Loader::severalRuns, this, [this] { restore_range_ = {}; });
  connect(&loader_, &Loader::severalRuns, run_question_, &RunQuestion::ask);
}

void MainWindow::connectLoads() {
  connectJob(load_loader_.job());
  connectJob(sort_job_);
  // At once: a file check that has just ended must not open files that are no longer wanted.
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
  connect(&loads(), &LoadDocument::loadsChanged, this, &MainWindow::contentChanged);
  connect(&loads(), &LoadDocument::logsChanged, this, &MainWindow::contentChanged);
}

/// Checking files may take long, for example on a hung network share: never on this thread.
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

/// A trace that took the place of another one is often the same run after a change.
void MainWindow::offerPrevious() {
  const QStringList previous = comparer_->previous();
  if (previous.isEmpty() || previous == document().files()) return;
  const QString name = QFileInfo(previous.front()).fileName();
  messages_->offer(
      {UserMessage::Level::Info, tr("This trace took the place of %1.").arg(name), {}},
      {{tr("Compare with %1").arg(name), [this, previous] { comparer_->compareWith(previous); }}});
}

void MainWindow::offerComparison(const QString& shown, const QStringList& others) {
  MessageBar::Choices choices;
  for (const QString& other : others)
    choices.emplace_back(tr("Compare with %1").arg(QFileInfo(other).fileName()),
                         [this, other] { plans_->compareWith(other); });
  messages_->offer({UserMessage::Level::Warning,
                    tr("Only one plan can be edited at a time: %1 is open, %2 is not.")
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
  contentChanged();
  if (document().trace() && !document().completing())
    layout_.dock("timeline")->widget()->setFocus();  // so that W, A, S, D work at once
}

void MainWindow::contentChanged() {
  const bool trace = document().trace() != nullptr;
  const bool nothing = !trace && loads().empty() && workspace_.plan().empty();
  layout_.setContent(trace ? Content::Trace : nothing ? Content::Nothing : Content::Loads);
  showContentText();
  if (nothing) refreshStartPage();
}

void MainWindow::showContentText() {
  const ContentText text = content_text(workspace_);
  setWindowTitle(text.title);
  file_status_->setText(text.status);
  file_status_->setToolTip(text.files);
}

void MainWindow::refreshStartPage() {
  QList<StartPage::Entry> recent;
  for (const RecentEntry& entry : session_.recent())
    recent << StartPage::Entry{entry.files, entry.name(), entry.folder(), entry.missing(),
                               entry.pinned};
  start_->setRecent(recent);
  QList<StartPage::Entry> samples;
  for (const Sample& sample : find_samples())
    samples << StartPage::Entry{sample.files, sample.label, sample.lesson};
  start_->setSamples(samples);
  start_->setLastSession(session_.lastFiles());
}

CommandList MainWindow::commands() const {
  return window_commands(*menuBar(), layout_);
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
  if (document().trace())
    session_.setLast(document().files(), workspace_.selection().range());
  else if (!loads().files().isEmpty())
    session_.setLast(loads().files(), {});
  notes_keeper_.flush();
  plans_->flush();
  loader_.cancel();
  QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (!event->mimeData()->hasUrls()) return;
  event->acceptProposedAction();
  start_->setInviting(true);
}

void MainWindow::dragLeaveEvent(QDragLeaveEvent*) {
  start_->setInviting(false);
}

void MainWindow::dropEvent(QDropEvent* event) {
  start_->setInviting(false);
  QStringList files;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) files << url.toLocalFile();
  if (files.isEmpty()) return;
  event->acceptProposedAction();
  loader_.open(files);
}

}  // namespace moescope
