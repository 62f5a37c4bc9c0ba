// Calls that change the plan of the watched node, one at a time, driven by a PlanChangeMachine.
#pragma once

#include <QObject>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "core/cluster/client.h"
#include "core/cluster/session/plan_change_machine.h"
#include "views/common/job.h"

namespace moescope {

class PlanCalls : public QObject {
  Q_OBJECT

 public:
  explicit PlanCalls(QObject* parent = nullptr);
  ~PlanCalls() override;

  /// The node for further calls; nullptr: none. A call to another node is abandoned, which failed()
  /// reports.
  void setNode(std::shared_ptr<ClusterClient> client);
  bool busy() const { return machine_.busy(); }

  // While busy or without a node these do nothing.
  /// A dry run; checked() or failed() follows.
  void check(const std::string& plan_json);
  /// ended() or failed() follows. `epoch`: refused when another one runs.
  void apply(const std::string& plan_json, const QString& name, std::optional<std::uint64_t> epoch);
  /// Emits rollBackBegins() with the plan to be restored; ended() or failed() follows.
  void rollBack();

  /// Abandons a change that is not committed.
  void abandon();
  /// The user has seen the result.
  void dismiss() { machine_.dismiss(); }
  /// Stores the effect of a change of plan in the node's history; failures are ignored.
  void reportEffect(quint64 ticket, const PlanEffect& effect);

 Q_SIGNALS:
  void checked(const moescope::PlanOutcome& outcome);
  void progressed(const moescope::NodePlanChange& change);
  void ended(const moescope::PlanOutcome& outcome);
  void failed(const QString& message);
  /// `plan_json` is "" when the node did not send it.
  void rollBackBegins(const std::string& plan_json);

 private:
  using Call = std::function<PlanOutcome(ClusterClient&, const PlanListener&)>;
  void run(Call call, void (PlanCalls::*done)(const PlanOutcome&));
  void fail(const QString& message);

  std::shared_ptr<ClusterClient> client_;
  PlanChangeMachine machine_;
  std::shared_ptr<std::atomic<bool>> unwanted_;  ///< as the thread of the call sees it
  JobRunner job_, effect_job_;
};

}  // namespace moescope
