// The plan under edit: its state and figures, pins and bans, file, and the history of its edits.
#pragma once

#include <QObject>
#include <QUndoStack>
#include <memory>
#include <optional>

#include "core/placement/edit/plan_state.h"
#include "core/placement/plan_figures.h"
#include "core/placement/plan_origin.h"
#include "core/placement/solve/constraints.h"
#include "core/simulate/model/model.h"
#include "views/common/qt_words.h"
#include "views/workspace/documents/load_document.h"
#include "views/workspace/documents/made_from.h"
#include "views/workspace/documents/serving_setup.h"

namespace moescope {

/// What figures of bytes and some checks rest on; shown beside them.
struct PlanAssumptions {
  QString model;                           ///< whose expert size it is; empty: not known
  qint64 expert_bytes = 0;                 ///< of one expert in one layer; 0: not known
  int units = 1;                           ///< that a change of plan is made in
  std::optional<qint64> gpu_expert_bytes;  ///< room for experts on a GPU
  std::optional<int> redundant_experts;    ///< of the engine's launch flag
  bool groups_on_nodes = false;            ///< a group outside its node is reported
  friend bool operator==(const PlanAssumptions&, const PlanAssumptions&) = default;
};

/// Which of the chosen windows all figures of a plan are of.
struct PlanJudgement {
  WindowRange windows;
  bool held_out = false;  ///< none of them made the plan
  /// "made from windows 0 to 5, judged on windows 6 to 7"
  QString text;
};

/// One plan at a time. Loads and chosen windows come from the LoadDocument, which gets every edited
/// state of the plan. All changes go through the undo stack; its clean state is the saved one.
class PlanDocument : public QObject {
  Q_OBJECT

 public:
  explicit PlanDocument(LoadDocument& loads, QObject* parent = nullptr);

  bool empty() const { return !state_; }
  /// @pre !empty(). With the preview, when there is one.
  const PlanState& state() const { return *state_; }
  const Plan& plan() const { return state_->plan(); }
  const PlanConstraints& constraints() const { return constraints_; }
  QUndoStack& undoStack() { return undo_; }
  LoadDocument& loads() { return loads_; }
  const LoadDocument& loads() const { return loads_; }
  bool modified() const { return !empty() && !undo_.isClean(); }
  const QString& file() const { return file_; }  ///< empty: never saved
  /// Of the file or of where the plan comes from: "running plan" as long as what was adopted runs.
  QString name() const;
  /// Its name, and whether it was edited since; "running plan" whenever just this plan runs.
  QString title() const;
  /// Why the open loads are not used; empty when they are, or when none are open.
  const QString& loadProblem() const { return load_problem_; }

  /// Shows another plan; its history is empty. What it is compared with becomes the plan itself.
  /// Throws Error when the machine of the plan is not sound; the old plan stays.
  void open(Plan plan, PlanConstraints constraints, const QString& file, const QString& name);
  /// open() of work that was never saved: modified from the start.
  void recover(Plan plan, PlanConstraints constraints, const QString& file);
  void close();
  void setSaved(const QString& file);

  /// Makes an edit that can be undone. False, with refused() emitted, when it would change a pinned
  /// slot or bring an expert to a GPU that is forbidden to it; nothing happens for an empty edit.
  bool edit(const PlanEdit& edit, const QString& text);
  /// As edit(), for results of solvers, which obey the constraints by themselves.
  void replace(const Plan& plan, const QString& text, std::optional<MadeFrom> from = {});
  /// Loads that the plan as it is now was made from, edits by hand aside; nullopt: not known.
  const std::optional<MadeFrom>& madeFrom() const { return made_from_; }
  void setMadeFrom(MadeFrom from);
  /// What a plan file says that made it; counts as soon as just these loads are open.
  void setOrigin(std::optional<PlanOrigin> origin);
  /// Empty without loads.
  PlanJudgement judgement() const;
  /// "under SGLang static", for beside every imbalance of the plan.
  QString underRule() const;
  /// "sglang static (0.5.23): each rank sends ...", or why the rule cannot be followed.
  QString ruleText() const;
  void setConstraints(PlanConstraints constraints, const QString& text);
  /// Why `edit` would be refused; empty when it would not.
  QString objection(const PlanEdit& edit) const;

  /// Shows figures as if the edit were made, until the next preview or change; nullopt ends it.
  void preview(const std::optional<PlanEdit>& edit);
  bool previewing() const { return preview_.has_value(); }

  /// The plan "before": what copies, bytes and changes are counted against.
  const PlanState* before() const { return before_ ? &*before_ : nullptr; }
  QString beforeName() const;
  /// beforeName() that stands alone: "plan.json as opened".
  QString beforeTitle() const;
  /// Throws Error when it is of another machine or model.
  void setBefore(const Plan& plan, const QString& name);

  /// Copies from the plan before and their bytes, in all units that take the plan.
  PlanCopies moves() const;
  /// The same of one layer, that many copies in each unit.
  PlanCopies moves(std::int64_t copies) const;

  /// What the plan runs on and serves, for everything that has a price.
  ServingSetup& serving() { return serving_; }
  const ServingSetup& serving() const { return serving_; }
  const PlanAssumptions& assumptions() const { return assumptions_; }
  void setAssumptions(PlanAssumptions assumptions);

 Q_SIGNALS:
  void replaced();        ///< another plan or none
  void changed();         ///< slots, weights or dead GPUs; also by a preview
  void committed();       ///< changed() and not by a preview
  void figuresChanged();  ///< loads, assumptions or the plan before
  void constraintsChanged();
  void fileChanged();  ///< name, file name or modified()
  void refused(const QString& why);

 private:
  friend class PlanEditCommand;
  friend class ConstraintsCommand;
  void install(std::unique_ptr<PlanState> state, PlanConstraints constraints, const QString& file,
               const QString& name, PlanPtr adopted = nullptr);
  void applyEdit(const PlanEdit& edit, const std::optional<MadeFrom>& from);
  bool runs(const Plan& plan) const;
  void applyConstraints(const PlanConstraints& constraints);
  void publish();
  void takeLoads();
  void adopt();
  void assume(const QString& model, qint64 expert_bytes, int units);
  void assume(const QString& model, int units);
  void guessAssumptions();
  void inferServing();
  void servingChanged();
  void applyRule();
  void findOrigin();
  void applyAssumptions();

  LoadDocument& loads_;
  std::unique_ptr<PlanState> state_;
  std::optional<PlanState> before_;
  QString before_name_, file_, name_, load_problem_;
  PlanConstraints constraints_;
  PlanAssumptions assumptions_;
  QString guessed_model_;  ///< what they named before the user chose
  QUndoStack undo_;
  std::optional<PlanEdit> preview_;
  bool publishing_ = false;
  PlanPtr adopted_;               ///< it is one that runs or ran, not one that was opened
  bool before_is_first_ = false;  ///< compared with the plan as it came
  std::optional<MadeFrom> made_from_;
  std::optional<PlanOrigin> origin_;  ///< of the file, as long as its loads are not open
  LoadsPtr origin_tried_;             ///< loads that are not those
  ServingSetup serving_;
  std::shared_ptr<const SourceLoads> sources_;  ///< of the loads' tokens; null: not known
};

/// Reads a plan file with its pins and bans. Form problems that leave something to show are
/// returned as text lines. Throws Error when it is no plan at all.
struct OpenedPlan {
  Plan plan;
  PlanConstraints constraints;
  QStringList problems;
  std::optional<PlanOrigin> origin;  ///< loads and windows that made it
};
OpenedPlan read_plan_file(const QString& file);
/// The text of a plan file; says what made it when that was windows of `loads`, which may be null.
std::string plan_file_text(const Plan& plan, const PlanConstraints& constraints,
                           const std::optional<MadeFrom>& from, const LoadsPtr& loads);

}  // namespace moescope
