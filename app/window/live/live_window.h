// The live part of the window: starting, attaching and stopping; updating documents and views from
// snapshots; applying plans. Builds on LiveSession and ClusterView.
#pragma once

#include <QAction>
#include <QElapsedTimer>
#include <QLabel>
#include <QObject>

#include "app/window/docks/dock_layout.h"
#include "app/window/files/loader.h"
#include "app/window/live/alarm_feed.h"
#include "app/window/live/attach_panel.h"
#include "app/window/live/live_session.h"
#include "app/window/live/plan_effect_watch.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/follow_mode.h"
#include "views/workspace/workspace.h"

namespace moescope {

class AlarmsView;
class ClusterView;
class RequestsView;

/// Parts of the window that the live part works with.
struct LiveParts {
  Workspace& workspace;
  Loader& loader;
  Session& session;
  DockLayout& layout;
};

class LiveWindow : public QObject {
  Q_OBJECT

 public:
  LiveWindow(LiveParts parts, LiveServices services, QMainWindow* window);

  LiveSession& live() { return live_; }
  FollowMode& follow() { return follow_; }
  AttachPanel& attachPanel() { return *attach_panel_; }
  ClusterView& clusterView() { return *cluster_; }
  QAction* attachAction() const { return attach_; }
  /// Takes up the views "cluster" and "requests" of the layout.
  void connectViews();
  /// True when the plan under edit is another than the running one.
  bool planDiffers() const;
  /// For the status line.
  QLabel* statusLabel() const { return status_; }

 public Q_SLOTS:
  void startEmbedded();

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  void effectShown(const moescope::PlanEffect& effect);
  /// A runtime begins to be watched.
  void started();
  /// What was watched is complete in `file`.
  void recorded(const QString& file);

 private:
  void connectSession();
  void connectPlan();
  void phaseChanged(LiveState phase);
  void showState();
  void takeSnapshot();
  void showLoads();
  void takePlan(const LiveSnapshot& snapshot);
  void analyzeLater();
  void analyze();
  void completeRecording();
  void offerPlan();
  void planEnded(const PlanOutcome& outcome);
  void feedEffect();
  void feedAlarms(const LiveSnapshot& snapshot);
  void beginEffect(const PlanPtr& plan);
  void reportEffect();
  std::string editedPlan() const;

  LiveParts parts_;
  QMainWindow* window_;
  LiveSession live_;
  FollowMode follow_;
  AttachPanel* attach_panel_;
  ClusterView* cluster_ = nullptr;
  RequestsView* requests_ = nullptr;
  AlarmsView* alarms_ = nullptr;
  AlarmFeed alarm_feed_;
  QLabel* status_;
  QAction *record_, *attach_, *stop_, *apply_, *roll_back_;
  bool showing_ = false;    ///< the document shows the live trace
  bool ended_ = false;      ///< and it grows no more; its complete file will take its place
  bool dismissed_ = false;  ///< the user opened another one instead
  quint64 generation_ = 0;
  std::vector<LoadsPtr> load_sets_;  ///< of both units
  QTimer loads_delay_;
  std::string running_json_;
  PlanPtr running_;  ///< the plan in force, as last recorded
  std::shared_ptr<GrowingAnalysis> growing_ = std::make_shared<GrowingAnalysis>();
  JobRunner analysis_job_;
  QTimer analysis_delay_;
  QElapsedTimer analysis_time_;  ///< since the last analysis
  qint64 analysis_pause_ = 0;    ///< ms between two
  qint64 analysis_taken_ = 0;    ///< ms of the last one
  QElapsedTimer served_;         ///< since requests were shown
  PlanEffectWatch effect_;
  QTimer effect_delay_;  ///< until it is reported to the node
};

}  // namespace moescope
