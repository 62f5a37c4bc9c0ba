// Asks the node that is watched for changes of its plan, one at a time, as a PlanChangeMachine
// says.
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

  /// The node that is asked from now on; nullptr: none. What another one was asked for is given up,
  /// which failed() tells.
  void setNode(std::shared_ptr<ClusterClient> client);
  bool busy() const { return machine_.busy(); }

  // While busy or without a node these do nothing.
  /// A dry run; checked() or failed() follows.
  void check(const std::string& plan_json);
  /// ended() or failed() follows. `epoch`: refused when another one runs.
  void apply(const std::string& plan_json, const QString& name, std::optional<std::uint64_t> epoch);
  /// Tells by rollBackBegins() which plan comes back; ended() or failed() follows.
  void rollBack();

  /// Gives up a change that is not committed.
  void abandon();
  /// The user has seen the result.
  void dismiss() { machine_.dismiss(); }
  /// Has the node keep what a change of plan did; one that cannot is left as it is.
  void reportEffect(quint64 ticket, const PlanEffect& effect);

 Q_SIGNALS:
  void checked(const moescope::PlanOutcome& outcome);
  void progressed(const moescope::NodePlanChange& change);
  void ended(const moescope::PlanOutcome& outcome);
  void failed(const QString& message);
  /// "": the node does not tell.
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
