// The main window: creates the parts and connects them.
#pragma once

#include <QLabel>
#include <QMainWindow>
#include <QUndoGroup>

#include "app/window/docks/dock_layout.h"
#include "app/window/file_actions.h"
#include "app/window/files/load_loader.h"
#include "app/window/files/loader.h"
#include "app/window/files/notes_keeper.h"
#include "app/window/files/trace_comparer.h"
#include "app/window/job_status.h"
#include "app/window/live/live_guide.h"
#include "app/window/output/output_actions.h"
#include "app/window/range_bar.h"
#include "app/window/search.h"
#include "app/window/services.h"
#include "app/window/session/message_bar.h"
#include "views/shell/action_registry.h"
#include "views/workspace/workspace.h"

namespace moescope {

class HeadlineStrip;
class PlanWindow;
class RunQuestion;
class StartPage;

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  explicit MainWindow(WindowServices services, QWidget* parent = nullptr);
  ~MainWindow() override;

  void openFiles(const QStringList& files) { loader_.open(files); }
  TraceDocument& document() { return workspace_.trace(); }
  LoadDocument& loads() { return workspace_.loads(); }
  CompareDocument& compare() { return workspace_.compare(); }
  TraceComparer& comparer() { return *comparer_; }
  HeadlineStrip& headline() { return *headline_; }
  PlanWindow& plans() { return *plans_; }
  Selection& selection() { return workspace_.selection(); }
  Loader& loader() { return loader_; }
  Session& session() { return session_; }
  DockLayout& layouts() { return layout_; }
  MessageBar& messages() { return *messages_; }
  LiveWindow& live() { return *live_; }
  GuidePanel& guide() { return guide_->panel(); }
  /// Starts the embedded runtime and the guide through it.
  void tryLive();
  /// Every command of the menus and docks that can be run now or later.
  CommandList commands() const;
  const ActionRegistry& actionRegistry() const { return actions_; }

 public Q_SLOTS:
  void showPalette() { search_->showCommands(); }
  void showKeySheet();
  void restoreLastSession();

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void buildCentral();
  void buildViews();
  void buildActions();
  void addEditActions();
  void addHelpActions();
  void buildMenus();
  void fillThemes(QMenu& view);
  void fillTextSizes(QMenu& view);
  void buildStatus();
  void buildLive();
  void addStrips(const QList<QWidget*>& strips);
  void connectLoading();
  void connectJob(JobRunner& job);
  void connectLoads();
  void sort(const QStringList& files, const std::function<void(const QStringList&)>& go_on);
  void offerPrevious();
  void offerComparison(const QString& shown, const QStringList& others);
  void askAboutArrays(const QStringList& files, const QString& reason);
  void traceChanged();
  void contentChanged();
  void showContentText();
  void refreshStartPage();

  Workspace workspace_;
  QUndoGroup undo_;
  Session session_;
  Loader loader_;
  LoadLoader load_loader_;
  JobRunner sort_job_;
  NotesKeeper notes_keeper_;
  DockLayout layout_;
  ActionRegistry actions_;
  FileActions* files_;
  TraceComparer* comparer_;
  OutputActions* outputs_;
  RangeBar* range_bar_;
  LiveWindow* live_;
  LiveGuide* guide_;
  RunQuestion* run_question_;
  HeadlineStrip* headline_ = nullptr;
  MessageBar* messages_ = nullptr;
  JobStatus* job_status_ = nullptr;
  QLabel* file_status_ = nullptr;
  StartPage* start_ = nullptr;
  Search* search_ = nullptr;
  PlanWindow* plans_ = nullptr;
  TimeRange restore_range_;
};

}  // namespace moescope
