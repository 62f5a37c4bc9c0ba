// The plan editor in the window: dock, menu, files, recovery, and whose edits Undo takes back.
#pragma once

#include <QMainWindow>
#include <QMenu>
#include <QObject>
#include <QPointer>
#include <QUndoGroup>

#include "app/window/docks/dock_layout.h"
#include "app/window/session/message_bar.h"
#include "views/common/job.h"
#include "views/plan/document/plan_autosave.h"
#include "views/plan/document/plan_document.h"
#include "views/plan/plan_view.h"

namespace moescope {

class PlanWindow : public QObject {
  Q_OBJECT

 public:
  PlanWindow(LoadDocument& loads, DockLayout& layout, QMainWindow& window);
  ~PlanWindow() override;

  PlanDocument& document() { return document_; }
  PlanView& view() { return *view_; }
  JobRunner& job() { return job_; }
  JobRunner& solveJob();
  void fillMenu(QMenu& menu);
  /// Undo and Redo follow the focus: plan edits in the plan's dock, else those of `other`.
  void joinUndo(QUndoGroup& group, QUndoStack& other);
  /// Opens what of `files` is a plan, the first one; gives back the others.
  QStringList take(const QStringList& files);
  void open(const QString& file);
  void saveTo(const QString& file);
  /// Offers the edits that an earlier run did not save.
  void offerRecovery(MessageBar& messages);
  /// Keeps unsaved edits for the next start.
  void flush() { autosave_.flush(); }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  void opened(const QStringList& files);
  void planShown();  ///< a plan was opened or made by the user
  void contentChanged();

 private:
  void addFileActions(QMenu& menu);
  void addSolveActions(QMenu& menu);
  QAction* add(QMenu& menu, const QString& name, const QString& text, const QString& tip,
               const QList<QKeySequence>& keys, std::function<void()> run);
  void show(Plan plan, PlanConstraints constraints, const QString& file, const QString& name);
  void keepUnsaved();
  void makeNew();
  void chooseOpen();
  void save();
  void saveAs();
  void importPlan();
  void exportPlan();
  void refresh();

  QMainWindow& window_;
  DockLayout& layout_;
  LoadDocument& loads_;
  PlanDocument document_;
  PlanAutosave autosave_;
  QPointer<PlanView> view_;
  JobRunner job_;
  QList<QAction*> needs_plan_;
  QAction* new_ = nullptr;
};

}  // namespace moescope
