// A runtime that is watched live, embedded or attached. Performs the actions of a
// LiveSessionMachine in jobs and keeps their results.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "app/window/live/live_node.h"
#include "app/window/live/plan_calls.h"
#include "core/cluster/client.h"
#include "core/cluster/live_source.h"
#include "core/cluster/session/live_session_machine.h"
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

  LiveState phase() const { return machine_.state(); }
  bool active() const { return machine_.active(); }
  /// What the cluster view shows.
  const ClusterState& state() const { return state_; }
  const LiveSnapshotPtr& snapshot() const { return snapshot_; }
  QString recording() const { return state_.recording; }
  LiveNode& node() { return node_; }
  /// Changes of the plan of the runtime that is watched.
  PlanCalls& plans() { return plans_; }

  void configure(const NodeSettings& settings);

 Q_SIGNALS:
  void stateChanged();
  void phaseChanged(moescope::LiveState phase);
  void snapshotTaken();
  /// A call failed; the session goes on.
  void failed(const QString& message);

 private:
  void handle(SessionEvent event, const QString& reason = {});
  void perform(SessionAction action);
  void publish();
  void leave();
  void startNode();
  void connectNode();
  void watch();
  void complete(bool end_node);
  void takeSnapshot();
  void deliver(const LiveSnapshotPtr& snapshot);
  void askStatus();
  std::string newRecording() const;

  LiveServices services_;
  LiveSessionMachine machine_;
  std::deque<std::pair<SessionEvent, QString>> happened_;  ///< while an event is handled
  bool handling_ = false;
  ClusterState state_;
  QString target_;  ///< of the attached node
  PeerFiles files_;
  LiveNode node_;
  std::shared_ptr<ClusterClient> client_;
  std::shared_ptr<LiveSource> source_;
  LiveSnapshotPtr snapshot_;
  bool again_ = false;        ///< something changed while a snapshot was taken
  QString reported_problem_;  ///< of the last answer
  PlanCalls plans_;
  QTimer status_timer_, patience_;
  QElapsedTimer rates_shown_;
  JobRunner connect_job_, snapshot_job_, status_job_, settings_job_, complete_job_;
};

}  // namespace moescope
