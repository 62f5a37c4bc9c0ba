// Solving in the background: cheap to dear, with what is reached so far, ending in one edit.
#pragma once

#include <QObject>
#include <QTimer>
#include <memory>
#include <vector>

#include "views/common/job.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

/// The three actions in order of cost.
enum class SolveAction {
  Resplit,  ///< another split of tokens over the replicas; no weights move
  Migrate,  ///< at most so many copies per layer from the plan before
  Full      ///< any plan; GPUs are renamed so that it copies little from the plan before
};

struct SolveRequest {
  SolveAction action = SolveAction::Full;
  Hierarchy hierarchy = Hierarchy::Off;
  bool connected = false;
  bool best_split = false;  ///< write replica weights of the best split
  int max_copies = 16;      ///< a layer, for Migrate
  int window_groups = 1;    ///< balance that many groups of the chosen windows as well as their sum
  /// Under which it has to be good; of several the worst counts.
  std::vector<ReplicaRule> rules = {ReplicaRule::Even};
  bool hold_out = true;  ///< make it from the earlier windows, so that the later ones judge it
  quint64 seed = 1;
};

/// Of a solve that runs.
struct SolveProgress {
  int done = 0, layers = 0;
  std::vector<double> imbalance;  ///< by layer; NaN where not yet solved
};

class PlanSolver : public QObject {
  Q_OBJECT

 public:
  explicit PlanSolver(PlanDocument& document, QObject* parent = nullptr);

  /// Why solve() would not start; empty when it would. Replica weights need a rule that takes them.
  QString obstacle(const SolveRequest& request) const;
  /// The windows that solve() would make the plan from: the earlier ones of those chosen, where
  /// they follow one another in time. Loads that are recorded are taken whole: the windows to come
  /// judge it. @pre loads are open
  WindowRange makingWindows(const SolveRequest& request) const;
  /// Pins, bans and failed GPUs of the document are obeyed. The result is one undoable edit.
  void solve(const SolveRequest& request);
  bool running() const { return job_.running(); }
  JobRunner& job() { return job_; }
  /// Ends the solve; the plan stays as it was.
  void cancel();
  /// Ends the solve and takes the layers that are solved; the others stay as they were.
  void takeBestSoFar();

 Q_SIGNALS:
  void started();
  void progressed(const moescope::SolveProgress& progress);
  void finished();
  void message(const QString& text);

 private:
  struct Shared;
  struct Work;
  struct Solved {
    Plan plan;
    bool partial = false;           ///< not all layers are solved
    bool for_equal_shares = false;  ///< though the rules have others
  };
  const PlanState& start() const;
  void deliver(const Solved& solved, const SolveRequest& request, const MadeFrom& from);
  void poll();

  PlanDocument& document_;
  JobRunner job_;
  QTimer poll_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace moescope
