// A runtime that is watched live: the embedded one or one that was attached to. States, snapshots
// and what it is asked; every call to it is made by a job.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <functional>
#include <memory>

#include "app/window/live/live_node.h"
#include "core/cluster/client.h"
#include "core/cluster/live_source.h"
#include "views/cluster/cluster_state.h"
#include "views/common/job.h"

namespace moescope {

/// Tests hand in their own.
struct LiveServices {
  std::function<std::shared_ptr<ClusterClient>(const std::string& target, const ConnectOptions&)>
      connect;
  QString node_program;        ///< "" when there is none
  QStringList node_arguments;  ///< of the embedded runtime
  QString recordings;          ///< folder; made when needed
};
LiveServices live_services();

class LiveSession : public QObject {
  Q_OBJECT

 public:
  explicit LiveSession(LiveServices services, QObject* parent = nullptr);
  ~LiveSession() override;

  /// Starts moescope-node and watches it. Ends a session that runs.
  void startEmbedded();
  void attach(const QString& target, const PeerFiles& files);
  /// After Lost: an attached node is tried again, the embedded runtime is restarted.
  void reconnect();
  /// Ends watching, and the embedded runtime with it. Ended follows, with the recording complete.
  void stop();

  LivePhase phase() const { return state_.phase; }
  bool active() const;
  /// All that the cluster view shows.
  const ClusterState& state() const { return state_; }
  const LiveSnapshotPtr& snapshot() const { return snapshot_; }
  QString recording() const { return state_.recording; }
  LiveNode& node() { return node_; }

  void configure(const NodeSettings& settings);
  /// Dry run of a plan: planChecked() follows. One plan call at a time.
  void checkPlan(const std::string& plan_json);
  void applyPlan(const std::string& plan_json, const QString& name);
  /// Gives up a change that is not committed.
  void abandonPlan();
  /// Tells by rollBackBegins() which plan comes back; planEnded() follows.
  void rollBack();
  /// Has the node keep what a change of plan did; one that cannot is left as it is.
  void tellEffect(quint64 ticket, const PlanEffect& effect);
  bool planBusy() const { return plan_job_.running(); }

 Q_SIGNALS:
  void stateChanged();
  void phaseChanged(moescope::LivePhase phase);
  void snapshotTaken();
  void planChecked(const moescope::PlanOutcome& outcome);
  void planProgressed(const moescope::NodePlanChange& change);
  void planEnded(const moescope::PlanOutcome& outcome);
  /// "": the node does not tell.
  void rollBackBegins(const std::string& plan_json);
  /// A call failed; the session goes on.
  void failed(const QString& message);

 private:
  void begin(const QString& target, bool embedded);
  void connectTo(const QString& target, const ConnectOptions& options);
  void watch(std::shared_ptr<ClusterClient> client);
  void takeSnapshot();
  void deliver(const LiveSnapshotPtr& snapshot);
  void askStatus();
  void setPhase(LivePhase phase, const QString& reason = {});
  void nodeEnded(const QString& error);
  void loseNode(const QString& reason);
  void endOrWait(const LiveSnapshotPtr& snapshot);
  void finishStop();
  void reset();
  void runPlan(std::function<PlanOutcome(ClusterClient&, const PlanListener&)> call,
               void (LiveSession::*done)(const PlanOutcome&));
  std::string newRecording() const;

  LiveServices services_;
  ClusterState state_;
  PeerFiles files_;  ///< of the attached node
  LiveNode node_;
  std::shared_ptr<ClusterClient> client_;
  std::shared_ptr<LiveSource> source_;
  LiveSnapshotPtr snapshot_;
  bool again_ = false;  ///< something changed while a snapshot was taken
  bool stopping_ = false;
  std::shared_ptr<std::atomic<bool>> abandon_;
  QTimer status_timer_;
  QElapsedTimer rates_told_;
  JobRunner connect_job_, snapshot_job_, status_job_, settings_job_, plan_job_, stop_job_,
      effect_job_;
};

}  // namespace moescope
