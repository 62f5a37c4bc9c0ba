// The runtime that is watched live: state, ranks, data rates and drops, controls, and the log of
// plan changes.
#pragma once

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QTimer>
#include <QTreeView>
#include <QWidget>

#include "views/cluster/apply_panel.h"
#include "views/cluster/cluster_model.h"
#include "views/cluster/cluster_state.h"

namespace moescope {

class ClusterView : public QWidget {
  Q_OBJECT

 public:
  explicit ClusterView(QWidget* parent = nullptr);

  void setState(const ClusterState& state);
  ApplyPanel& applyPanel() { return *apply_; }
  /// Of the changes of plan that this window made, by their ticket.
  void setEffects(const std::map<std::uint64_t, PlanEffect>& effects) {
    log_model_.setEffects(effects);
  }
  QString stateText() const { return state_text_->text(); }

 Q_SIGNALS:
  void startRequested();
  void reconnectRequested();
  void stopRequested();
  void settingsRequested(const moescope::NodeSettings& settings);
  /// Requests per second, and the period in seconds of the mix of topics.
  void workloadRequested(double rate, double period);
  /// The time before the plan of this epoch is to be held against the time after it.
  void compareRequested(quint64 epoch);

 private:
  QWidget* makeHeader();
  QWidget* makeControls();
  void showHung(bool attached);
  void showFigures();
  void showSettings();
  void sendSettings();
  const NodePlanChange* comparable() const;
  void showComparable();

  ClusterState state_;
  QLabel *state_text_, *hung_, *reason_, *figures_, *recording_;
  QPushButton *start_, *reconnect_, *stop_;
  QTreeView* ranks_;
  QTableView* log_;
  QLabel* log_empty_;
  QPushButton* compare_;
  ClusterModel model_;
  PlanLogModel log_model_;
  ApplyPanel* apply_;
  QWidget* controls_;
  QDoubleSpinBox *rate_, *period_;
  QCheckBox* overlap_;
  QSpinBox* comm_workers_;
  QTimer delay_;  ///< a value that is still being typed is not sent
  bool workload_edited_ = false, workers_edited_ = false;
};

/// "live", "starting", ... for status line and view.
QString phase_label(LiveState phase);
/// True when some change of plan is in force and we may undo it.
bool can_roll_back(const ClusterState& state);

}  // namespace moescope
