// The plan editor in the window: commands, files, recovery, and the undo stack in use.
#pragma once

#include <QMainWindow>
#include <QObject>
#include <QUndoGroup>

#include "app/window/docks/dock_layout.h"
#include "app/window/session/message_bar.h"
#include "views/common/job.h"
#include "views/plan/plan_view.h"
#include "views/workspace/documents/plan_autosave.h"
#include "views/workspace/workspace.h"

namespace moescope {

class PlanWindow : public QObject {
  Q_OBJECT

 public:
  /// @pre the layout has the view
  PlanWindow(Workspace& workspace, DockLayout& layout, Session& session, QMainWindow& window);

  /// Commands of the window that the view has buttons for: those that give a first plan, and the
  /// one that applies it.
  void connectActions(const QList<QAction*>& starts, QAction* apply);

  PlanDocument& document() { return document_; }
  PlanView& view() { return view_; }
  JobRunner& job() { return job_; }
  JobRunner& solveJob();
  /// Undo and Redo follow the focus: plan edits in the plan's dock, else those of `other`.
  void joinUndo(QUndoGroup& group, QUndoStack& other);
  /// Opens the first of these plan files; severalPlans() reports others.
  void take(const QStringList& plans);
  /// `others` were to be opened with it: see severalPlans().
  void open(const QString& file, const QStringList& others = {});
  /// Shows the open plan beside that of `file`, which becomes the one before.
  void compareWith(const QString& file);
  void saveTo(const QString& file);
  /// Offers the edits that an earlier run did not save.
  void offerRecovery(MessageBar& messages);
  /// Keeps unsaved edits for the next start.
  void flush() { autosave_.flush(); }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  void opened(const QStringList& files);
  /// Only `shown` of several plans is opened: one is edited at a time.
  void severalPlans(const QString& shown, const QStringList& others);
  void planShown();  ///< a plan was opened or made by the user
  void contentChanged();

 private:
  void addFileActions();
  void addSolveActions();
  void show(Plan plan, PlanConstraints constraints, const QString& file, const QString& name);
  void makeRoom();
  void keepUnsaved();
  QString documentName() const;
  void rememberServing();
  void recallServing();
  void makeNew();
  void chooseOpen();
  void save();
  void saveAs();
  void importPlan();
  void exportPlan();
  void refresh();

  QMainWindow& window_;
  DockLayout& layout_;
  Session& session_;
  LoadDocument& loads_;
  PlanDocument& document_;
  PlanAutosave autosave_;
  PlanView& view_;
  JobRunner job_;
  QList<QAction*> needs_plan_;
  QAction* new_ = nullptr;
  QString recalled_for_;    ///< documentName() whose choices are shown
  bool recalling_ = false;  ///< what is remembered is not chosen again
};

}  // namespace moescope
