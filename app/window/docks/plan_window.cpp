#include "app/window/docks/plan_window.h"

#include <QApplication>
#include <QDateTime>
#include <QFileDialog>
#include <QFileInfo>
#include <QLocale>
#include <QPointer>

#include "core/files.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/engine_dialogs.h"
#include "views/plan/new_plan_dialog.h"
#include "views/plan/plan_flow.h"
#include "views/plan/plan_solver.h"
#include "views/plan/solve_panel.h"

namespace moescope {
namespace {

constexpr auto kServingKey = "plan/serving";
constexpr int kRemembered = 50;  // documents

/// Experts in order are made from no windows at all; what made the plan that ran is not known.
std::optional<MadeFrom> origin_of_new(NewPlan::Start start, const LoadDocument& loads) {
  if (start == NewPlan::Start::Running || !loads.loads()) return std::nullopt;
  const bool in_order = start == NewPlan::Start::InOrder;
  return made_from(*loads.loads(), in_order ? WindowRange{} : loads.windows());
}

}  // namespace

PlanWindow::PlanWindow(Workspace& workspace, DockLayout& layout, Session& session,
                       QMainWindow& window)
    : QObject(&window),
      window_(window),
      layout_(layout),
      session_(session),
      loads_(workspace.loads()),
      document_(workspace.plan()),
      autosave_(document_),
      view_(layout.view<PlanView>("plan")) {
  addFileActions();
  addSolveActions();
  refresh();
  connect(&layout_, &DockLayout::comparisonWanted, &view_, &PlanView::showComparison);
  connect(&job_, &JobRunner::failed, this, [this](const QString& text) {
    Q_EMIT message({UserMessage::Level::Error, text, {}});
  });
  connect(&autosave_, &PlanAutosave::failed, this, [this](const QString& text) {
    Q_EMIT message({UserMessage::Level::Warning, text, {}});
  });
  connect(&view_, &PlanView::exportRequested, this, &PlanWindow::exportPlan);
  connect(&document_.serving(), &ServingSetup::changed, this, &PlanWindow::rememberServing);
  connect(&document_, &PlanDocument::replaced, this, &PlanWindow::recallServing);
  connect(&document_, &PlanDocument::replaced, this, &PlanWindow::refresh);
  connect(&document_, &PlanDocument::replaced, this, &PlanWindow::contentChanged);
  connect(&loads_, &LoadDocument::loadsChanged, this, &PlanWindow::refresh);
}

void PlanWindow::connectActions(const QList<QAction*>& starts, QAction* apply) {
  view_.setStartActions(starts);
  view_.flow().setApply(apply);
}

/// What choices of model, unit and hardware are remembered with: the plan's file, or that of the
/// loads where the plan has none.
QString PlanWindow::documentName() const {
  if (!document_.file().isEmpty()) return document_.file();
  return loads_.files().value(0);
}

void PlanWindow::rememberServing() {
  const QByteArray name = documentName().toUtf8();
  // What is found while another document comes in is not a choice.
  const bool theirs = !name.isEmpty() && documentName() == recalled_for_;
  const QByteArray choices = document_.serving().choices().toUtf8();
  if (!theirs || recalling_) return;
  QByteArrayList lines = session_.value(kServingKey).split('\n');
  lines.removeIf([&name](const QByteArray& line) {
    return line.isEmpty() || line.mid(line.indexOf(' ') + 1) == name;
  });
  if (!choices.isEmpty()) lines.prepend(choices + ' ' + name);
  session_.setValue(kServingKey, lines.mid(0, kRemembered).join('\n'));
}

void PlanWindow::recallServing() {
  if (document_.empty()) return;
  recalled_for_ = documentName();
  const QByteArray name = recalled_for_.toUtf8();
  QByteArray choices;
  for (const QByteArray& line : session_.value(kServingKey).split('\n'))
    if (line.mid(line.indexOf(' ') + 1) == name) choices = line.left(line.indexOf(' '));
  recalling_ = true;
  document_.serving().setChoices(QString::fromUtf8(choices));
  recalling_ = false;
}

JobRunner& PlanWindow::solveJob() {
  return view_.solver().job();
}

void PlanWindow::addFileActions() {
  new_ = make_action(this, "plan.new", tr("&New plan from loads…"),
                     tr("Make a first plan for the open loads"), {QKeySequence("Ctrl+Alt+N")},
                     [this] { makeNew(); });
  make_action(this, "plan.open", tr("&Open plan…"), tr("Open a plan file to see and edit it"),
              {QKeySequence("Ctrl+Alt+O")}, [this] { chooseOpen(); });
  make_action(this, "plan.import", tr("&Import plan of an engine…"),
              tr("Open a file of SGLang, TensorRT-LLM, vLLM or vllm-ascend as a plan"), {},
              [this] { importPlan(); });
  needs_plan_ << make_action(this, "plan.save", tr("&Save plan"),
                             tr("Write the plan with its pins to its file"),
                             {QKeySequence("Ctrl+Shift+S")}, [this] { save(); });
  needs_plan_ << make_action(this, "plan.save_as", tr("Save plan &as…"),
                             tr("Write the plan to another file"), {}, [this] { saveAs(); });
  needs_plan_ << make_action(
      this, "plan.export", tr("&Export plan for an engine…"),
      tr("Write the file that an engine takes, and show the flags to start it with"),
      {QKeySequence("Ctrl+Alt+E")}, [this] { exportPlan(); });
  needs_plan_ << mark_destructive(
      make_action(this, "plan.close", tr("&Close plan"), tr("Forget the plan"), {}, [this] {
        keepUnsaved();
        document_.close();
      }));
}

void PlanWindow::addSolveActions() {
  const auto solve = [this](SolveAction action) {
    makeRoom();
    view_.solve(action);
  };
  needs_plan_ << make_action(this, "plan.resplit", tr("&Re-split tokens"),
                             tr("Another split of tokens over the replicas; no weights move"),
                             {QKeySequence("Ctrl+Alt+1")},
                             [solve] { solve(SolveAction::Resplit); });
  needs_plan_ << make_action(this, "plan.migrate", tr("&Bounded migration"),
                             tr("Move at most as many experts per layer as the Solve page says"),
                             {QKeySequence("Ctrl+Alt+2")},
                             [solve] { solve(SolveAction::Migrate); });
  needs_plan_ << make_action(this, "plan.solve", tr("&Full plan"),
                             tr("The best plan for these slots, moving few experts"),
                             {QKeySequence("Ctrl+Alt+3")}, [solve] { solve(SolveAction::Full); });
  needs_plan_ << make_action(this, "plan.compare", tr("Com&pare plans"),
                             tr("Before, after and bound of every layer, and the copies"),
                             {QKeySequence("Ctrl+Alt+P")}, [this] {
                               layout_.reveal("plan");
                               view_.showComparison();
                             });
}

void PlanWindow::refresh() {
  for (QAction* action : needs_plan_) action->setEnabled(!document_.empty());
  new_->setEnabled(loads_.loads() != nullptr);
}

void PlanWindow::joinUndo(QUndoGroup& group, QUndoStack& other) {
  group.addStack(&document_.undoStack());
  const QPointer<QDockWidget> dock = layout_.dock("plan");
  connect(qApp, &QApplication::focusChanged, &group,
          [&group, &other, this, dock](QWidget*, QWidget* now) {
            if (now == nullptr || now->window() != &window_) return;
            const bool inside = dock != nullptr && dock->isAncestorOf(now);
            const bool other_dock =
                std::any_of(layout_.docks().begin(), layout_.docks().end(),
                            [now](const QDockWidget* one) { return one->isAncestorOf(now); });
            if (inside)
              group.setActiveStack(&document_.undoStack());
            else if (other_dock)
              group.setActiveStack(&other);
          });
}

void PlanWindow::take(const QStringList& plans) {
  if (!plans.isEmpty()) open(plans.front(), plans.mid(1));
}

/// Opening another plan never loses edits.
void PlanWindow::keepUnsaved() {
  document_.preview(std::nullopt);
  const QString name = document_.empty() ? QString() : document_.name();
  if (autosave_.keepAside())
    Q_EMIT message(
        {UserMessage::Level::Info,
         tr("The unsaved edits of %1 were kept; they are offered at the next start.").arg(name),
         {}});
}

void PlanWindow::show(Plan plan, PlanConstraints constraints, const QString& file,
                      const QString& name) {
  keepUnsaved();
  try {
    document_.open(std::move(plan), std::move(constraints), file, name);
  } catch (const std::exception& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
    return;
  }
  Q_EMIT planShown();
  makeRoom();
}

/// The plan in front; in a narrow window the docks that it does not need step aside.
void PlanWindow::makeRoom() {
  const QDockWidget* dock = layout_.dock("plan");
  const bool seen = dock->isVisible() && !dock->visibleRegion().isEmpty();
  if (layout_.tooNarrow() && !seen)
    layout_.arrange(Preset::Plan);
  else
    layout_.reveal("plan");
}

void PlanWindow::open(const QString& file, const QStringList& others) {
  job_.start(
      tr("Opening %1").arg(QFileInfo(file).fileName()),
      [file](Progress&) { return read_plan_file(file); },
      [this, file, others](OpenedPlan opened) {
        show(std::move(opened.plan), std::move(opened.constraints), file, {});
        if (document_.file() != file) return;
        document_.setOrigin(opened.origin);
        Q_EMIT this->opened({file});
        if (!opened.problems.isEmpty())
          Q_EMIT message({UserMessage::Level::Warning,
                          tr("%1: %2").arg(QFileInfo(file).fileName(), opened.problems.front()),
                          opened.problems.join('\n')});
        if (!others.isEmpty()) Q_EMIT severalPlans(file, others);
      });
}

void PlanWindow::compareWith(const QString& file) {
  view_.showComparison();
  view_.comparison().compareWith(file);
}

void PlanWindow::chooseOpen() {
  const QString file = QFileDialog::getOpenFileName(&window_, tr("Open plan"), {},
                                                    tr("Plans (*.json);;All files (*)"));
  if (!file.isEmpty()) open(file);
}

void PlanWindow::makeNew() {
  if (!loads_.loads()) return;
  auto* dialog = new NewPlanDialog(loads_, &window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &NewPlanDialog::made, this,
          [this, dialog](const Plan& plan, const QString& name) {
            show(plan, {}, {}, name);
            if (const auto from = origin_of_new(dialog->wanted().start, loads_))
              document_.setMadeFrom(*from);
          });
  dialog->show();
}

void PlanWindow::save() {
  if (document_.file().isEmpty())
    saveAs();
  else
    saveTo(document_.file());
}

void PlanWindow::saveAs() {
  QString file = QFileDialog::getSaveFileName(
      &window_, tr("Save plan"),
      document_.file().isEmpty() ? QStringLiteral("plan.json") : document_.file(),
      tr("Plans (*.json);;All files (*)"));
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".json";
  saveTo(file);
}

void PlanWindow::saveTo(const QString& file) {
  if (document_.empty()) return;
  document_.preview(std::nullopt);
  job_.start(
      tr("Saving %1").arg(QFileInfo(file).fileName()),
      [plan = document_.plan(), constraints = document_.constraints(), path = file.toStdString(),
       from = document_.madeFrom(), loads = loads_.loads()](Progress&) {
        write_text_file(path, plan_file_text(plan, constraints, from, loads));
        return true;
      },
      [this, file, index = document_.undoStack().index()](bool) {
        // Edits made in the meantime are not in the file.
        if (document_.undoStack().index() != index) return saveTo(file);
        document_.setSaved(file);
        recalled_for_ = file;
        rememberServing();
        Q_EMIT message({UserMessage::Level::Info, tr("Saved %1.").arg(file), {}});
        Q_EMIT opened({file});
      });
}

void PlanWindow::importPlan() {
  auto* dialog = new ImportPlanDialog(&window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &ImportPlanDialog::made, this,
          [this](const Plan& plan, const QString& name) { show(plan, {}, {}, name); });
  dialog->show();
}

void PlanWindow::exportPlan() {
  if (document_.empty()) return;
  document_.preview(std::nullopt);
  auto* dialog = new ExportPlanDialog(document_.plan(), &window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &ExportPlanDialog::written, this, [this](const QString& file) {
    view_.flow().noteExported(file);
    Q_EMIT message({UserMessage::Level::Info, tr("Exported %1 and verified it.").arg(file), {}});
  });
  dialog->show();
}

void PlanWindow::offerRecovery(MessageBar& messages) {
  const auto found = autosave_.find();
  if (!found) return;
  const QString name =
      found->file.isEmpty() ? tr("a plan without a file") : QFileInfo(found->file).fileName();
  messages.offer({UserMessage::Level::Warning,
                  tr("Unsaved edits of %1 from %2 were kept.")
                      .arg(name, QLocale().toString(found->when, QLocale::ShortFormat)),
                  found->file},
                 {{tr("Restore"),
                   [this, kept = *found] {
                     autosave_.recover(kept);
                     Q_EMIT planShown();
                     layout_.reveal("plan");
                   }},
                  {tr("Discard"), [this, kept = *found] { autosave_.discard(kept); }}});
}

}  // namespace moescope
