#include "app/window/live/live_window.h"

#include <QFileInfo>
#include <utility>

#include "core/analysis/serving/workload_text.h"
#include "views/alarms/alarms_view.h"
#include "views/cluster/cluster_view.h"
#include "views/common/action.h"
#include "views/common/destroyed_elsewhere.h"
#include "views/common/destructive_action.h"
#include "views/common/units.h"
#include "views/load/window_bar.h"
#include "views/requests/requests_view.h"

namespace moescope {
namespace {

constexpr int kAnalysisMs = 1000;  ///< between analyses of a growing trace, at least
constexpr int kAnalysisShare = 4;  ///< and so many times as long as one takes
constexpr int kLoadsMs = 1000;     ///< between updates of the loads
constexpr int kServedMs = 500;     ///< between updates of the requests
constexpr int kReportMs = 2000;    ///< between reports of an effect to the node

}  // namespace

LiveWindow::LiveWindow(LiveParts parts, LiveServices services, QMainWindow* window)
    : QObject(window),
      parts_(parts),
      window_(window),
      live_(std::move(services)),
      follow_(parts.workspace.selection()),
      attach_panel_(new AttachPanel(parts.session, window)),
      status_(new QLabel(window)) {
  status_->setObjectName("liveStatus");
  status_->setContentsMargins(8, 0, 8, 0);
  status_->hide();
  attach_panel_->hide();
  record_ = make_action(this, "live.record", tr("Record"),
                        tr("Start the embedded runtime, watch it live and record it"),
                        {QKeySequence("Ctrl+Shift+R")});
  attach_ = make_action(this, "live.attach", tr("Attach…"),
                        tr("Watch a runtime that runs on this or another machine"),
                        {QKeySequence("Ctrl+Shift+A")});
  stop_ = make_action(this, "live.stop", tr("Stop"),
                      tr("End watching; the recording stays open for analysis"),
                      {QKeySequence("Ctrl+.")});
  apply_ = make_action(this, "live.apply", tr("Apply plan…"),
                       tr("Ask the runtime what the edited plan would move, then apply it"));
  roll_back_ = make_action(this, "live.roll_back", tr("Roll back plan"),
                           tr("Go back to the plan before the last applied one"));
  for (QAction* action : {stop_, roll_back_}) mark_destructive(action);
  connect(record_, &QAction::triggered, this, &LiveWindow::startEmbedded);
  connect(attach_, &QAction::triggered, attach_panel_, &AttachPanel::open);
  connect(stop_, &QAction::triggered, &live_, &LiveSession::stop);
  connect(attach_panel_, &AttachPanel::closed, attach_panel_, &QWidget::hide);
  connect(attach_panel_, &AttachPanel::attachRequested, this,
          [this](const QString& target, const PeerFiles& files) {
            attach_panel_->hide();
            live_.attach(target, files);
            Q_EMIT started();
          });
  analysis_delay_.setSingleShot(true);
  connect(&analysis_delay_, &QTimer::timeout, this, &LiveWindow::analyze);
  loads_delay_.setSingleShot(true);
  connect(&loads_delay_, &QTimer::timeout, this, &LiveWindow::showLoads);
  effect_delay_.setSingleShot(true);
  connect(&effect_delay_, &QTimer::timeout, this, &LiveWindow::reportEffect);
  connectSession();
}

void LiveWindow::connectViews() {
  cluster_ = &parts_.layout.view<ClusterView>("cluster");
  requests_ = &parts_.layout.view<RequestsView>("requests");
  alarms_ = &parts_.layout.view<AlarmsView>("alarms");
  connect(cluster_, &ClusterView::startRequested, this, &LiveWindow::startEmbedded);
  connect(cluster_, &ClusterView::reconnectRequested, &live_, &LiveSession::reconnect);
  connect(cluster_, &ClusterView::stopRequested, &live_, &LiveSession::stop);
  connect(cluster_, &ClusterView::settingsRequested, &live_, &LiveSession::configure);
  connect(cluster_, &ClusterView::workloadRequested, this, [this](double rate, double period) {
    if (!live_.state().status) return;
    NodeSettings settings;
    settings.workload = with_workload_value(
        with_workload_value(live_.state().status->workload, "rate", rate), "period", period);
    live_.configure(settings);
  });
  connectPlan();
  showState();
}

void LiveWindow::startEmbedded() {
  live_.startEmbedded();
  Q_EMIT started();
}

void LiveWindow::connectSession() {
  connect(&live_, &LiveSession::stateChanged, this, &LiveWindow::showState);
  connect(&live_, &LiveSession::phaseChanged, this, &LiveWindow::phaseChanged);
  connect(&live_, &LiveSession::snapshotTaken, this, &LiveWindow::takeSnapshot);
  connect(&live_, &LiveSession::failed, this, [this](const QString& error) {
    Q_EMIT message({UserMessage::Level::Error, error, {}});
  });
  // Another trace was opened and is shown instead.
  connect(&parts_.workspace.trace(), &TraceDocument::traceChanged, this, [this] {
    const bool ours =
        live_.snapshot() && parts_.workspace.trace().trace() == live_.snapshot()->trace;
    if (!ours && !parts_.workspace.trace().completing())
      parts_.workspace.loads().setEngine(std::nullopt);
    if (!ours && std::exchange(ended_, false)) {
      analysis_job_.abandon();
      growing_ = std::make_shared<GrowingAnalysis>();  // what it kept is not needed any more
    }
    if (ours || !showing_) return;
    showing_ = false;
    dismissed_ = true;
    follow_.end();
    if (live_.active()) live_.stop();
  });
}

void LiveWindow::phaseChanged(LiveState phase) {
  if (phase == LiveState::Stopping) return;  // all stays until the recording is complete
  parts_.workspace.loads().setAwaited(live_.active());
  if (phase == LiveState::Connecting) {
    dismissed_ = ended_ = false;
    running_json_.clear();
    if (!live_.snapshot()) showing_ = false;
    load_sets_.clear();
    effect_.forget();
    if (parts_.workspace.trace().trace()) parts_.layout.reveal("cluster");
  }
  if (phase == LiveState::Lost || phase == LiveState::Ended) {
    follow_.end();
    if (showing_) analyzeLater();
    parts_.workspace.loads().setRunningPlan(nullptr);
  }
  if (phase == LiveState::Lost) {
    if (showing_) parts_.session.addRecent({live_.recording()});
    const QString reason = live_.state().reason;
    Q_EMIT message({UserMessage::Level::Error,
                    tr("%1: lost. %2").arg(live_.state().target, reason.section('\n', 0, 0)),
                    reason.contains('\n') ? reason : QString()});
  }
  if (phase == LiveState::Ended && showing_) completeRecording();
}

/// What was watched stays open, from its file as soon as all of that is analysed.
void LiveWindow::completeRecording() {
  const QString file = live_.recording();
  showing_ = false;
  ended_ = true;
  if (file.isEmpty() || !live_.state().recording_error.isEmpty() || !QFileInfo::exists(file))
    return;
  parts_.session.addRecent({file});
  parts_.loader.complete(file);
  Q_EMIT recorded(file);
}

void LiveWindow::showState() {
  const ClusterState& state = live_.state();
  if (cluster_ != nullptr) cluster_->setState(state);
  if (state.status && state.status->expert_bytes > 0)
    parts_.workspace.loads().setEngine(
        WatchedEngine{static_cast<qint64>(state.status->expert_bytes),
                      std::max(1, static_cast<int>(state.status->units.size()))});
  const bool active = live_.active();
  record_->setEnabled(!active);
  stop_->setEnabled(active && state.phase != LiveState::Stopping);
  roll_back_->setEnabled(active && can_roll_back(state));
  status_->setVisible(state.phase != LiveState::Idle);
  QString text = phase_label(state.phase);
  if (state.phase == LiveState::Live)
    text = tr("● live   %1 spans/s   %2 dropped")
               .arg(format_count(static_cast<quint64>(state.spans_per_second)),
                    format_count(dropped(state)));
  if (state.phase == LiveState::Live && state.status)
    text += tr("   epoch %1").arg(state.status->epoch);
  status_->setText(text);
  status_->setToolTip(state.recording.isEmpty() ? QString()
                                                : tr("Recorded to %1").arg(state.recording));
  offerPlan();
}

void LiveWindow::takeSnapshot() {
  const LiveSnapshot& snapshot = *live_.snapshot();
  if (dismissed_ || ended_ || snapshot.trace->span_count() == 0) return;
  if (!showing_) {
    showing_ = true;
    analysis_job_.abandon();
    growing_ = std::make_shared<GrowingAnalysis>();
    generation_ = snapshot.generation;
    parts_.workspace.trace().setTrace(snapshot.trace, {live_.recording()});
    parts_.layout.arrange(Preset::Live);
    if (live_.active()) follow_.begin();
  } else {
    const bool evicted = std::exchange(generation_, snapshot.generation) != snapshot.generation;
    parts_.workspace.trace().growTrace(snapshot.trace, evicted);
  }
  analyzeLater();
  if (load_sets_.empty())
    showLoads();
  else if (snapshot.loads != load_sets_ && !loads_delay_.isActive())
    loads_delay_.start(kLoadsMs);
  takePlan(snapshot);
  if (!served_.isValid() || served_.elapsed() >= kServedMs || !live_.active()) {
    served_.restart();
    requests_->setServing(
        std::make_shared<const Serving>(Serving{snapshot.requests, snapshot.steps}));
  }
  feedEffect();
  if (live_.active()) feedAlarms(snapshot);
}

void LiveWindow::feedAlarms(const LiveSnapshot& snapshot) {
  const auto& status = live_.state().status;
  const auto reading = alarm_feed_.reading(status ? &*status : nullptr, snapshot);
  if (!reading) return;
  for (const Alarm& alarm : alarms_->update(*reading))
    Q_EMIT message({UserMessage::Level::Warning,
                    tr("%1 is %2, over the limit of %3.")
                        .arg(alarm_label(alarm.kind), alarm_value(alarm.kind, alarm.worst),
                             alarm_value(alarm.kind, alarm.limit)),
                    {}});
}

void LiveWindow::feedEffect() {
  const auto& status = live_.state().status;
  effect_.update(status ? &*status : nullptr, live_.snapshot());
}

void LiveWindow::showLoads() {
  const LiveSnapshotPtr& snapshot = live_.snapshot();
  if (!snapshot || !showing_ || snapshot->loads.empty() || snapshot->loads == load_sets_) return;
  const bool first = std::exchange(load_sets_, snapshot->loads).empty();
  if (!first) {
    parts_.workspace.loads().growSets(load_sets_);
    return;
  }
  // The decode unit is shown first: its steps are many and small, where balance counts most.
  parts_.workspace.loads().setSets(load_sets_, {live_.recording()});
  parts_.workspace.loads().showSet(static_cast<int>(load_sets_.size()) - 1);
  parts_.workspace.loads().followNewest(WindowBar::kNewest);
  parts_.workspace.loads().setAwaited(false);
}

void LiveWindow::takePlan(const LiveSnapshot& snapshot) {
  if (snapshot.plans.empty() || snapshot.plans.back().json == running_json_) return;
  running_json_ = snapshot.plans.back().json;
  try {
    const PlanReading read = parse_plan(snapshot.plans.back().json, "the running plan");
    const bool same = running_ && *running_ == read.plan;
    const bool edited = parts_.workspace.loads().plan() && running_ &&
                        *parts_.workspace.loads().plan() != *running_;
    if (!same) running_ = std::make_shared<const Plan>(read.plan);
    if (live_.active()) parts_.workspace.loads().setRunningPlan(running_);
    if (same) return;
    if (!edited) parts_.workspace.loads().setPlan(running_);
  } catch (const Error& error) {
    Q_EMIT message({UserMessage::Level::Warning, QString::fromUtf8(error.what()), {}});
  }
  offerPlan();
}

void LiveWindow::analyzeLater() {
  if (analysis_job_.running() || analysis_delay_.isActive()) return;
  const qint64 since = analysis_time_.isValid() ? analysis_time_.elapsed() : analysis_pause_;
  analysis_delay_.start(static_cast<int>(std::max<qint64>(0, analysis_pause_ - since)));
}

/// Old figures stay until the new ones are there. At most a share of the time goes into it.
void LiveWindow::analyze() {
  const TracePtr trace = parts_.workspace.trace().trace();
  if (!trace || !(showing_ || ended_)) return;
  const auto number = parts_.workspace.trace().traceNumber();
  QElapsedTimer taken;
  taken.start();
  analysis_job_.start(
      tr("Analysing"),
      [trace, growing = growing_, generation = generation_,
       rules = parts_.workspace.trace().rules()](Progress& progress) {
        return destroyed_elsewhere(growing->update(*trace, generation, rules, progress));
      },
      [this, number, taken](const AnalysisPtr& analysis) {
        analysis_time_.restart();
        // A single long analysis read the whole trace; the following ones read only what is new.
        const qint64 last = std::exchange(analysis_taken_, taken.elapsed());
        analysis_pause_ =
            std::max<qint64>(kAnalysisMs, kAnalysisShare * std::min(last, analysis_taken_));
        if (number == parts_.workspace.trace().traceNumber())
          parts_.workspace.trace().setAnalysis(analysis);
      });
}

std::string LiveWindow::editedPlan() const {
  return parts_.workspace.loads().plan() ? plan_json(*parts_.workspace.loads().plan())
                                         : std::string();
}

void LiveWindow::connectPlan() {
  ApplyPanel& panel = cluster_->applyPanel();
  const auto check = [this, &panel] {
    if (panel.step() != ApplyPanel::Step::Ready) return;
    parts_.layout.reveal("cluster");
    panel.setChecking();
    live_.plans().check(editedPlan());
  };
  connect(apply_, &QAction::triggered, this, check);
  connect(&panel, &ApplyPanel::checkRequested, this, check);
  connect(&panel, &ApplyPanel::applyRequested, this, [this, &panel] {
    reportEffect();
    beginEffect(parts_.workspace.loads().plan());
    panel.setRunning();
    const auto& status = live_.state().status;
    live_.plans().apply(editedPlan(), tr("edited plan"),
                        status ? std::optional(status->epoch) : std::nullopt);
  });
  connect(&effect_, &PlanEffectWatch::changed, this, [this, &panel](const PlanEffect& effect) {
    panel.setEffect(effect);
    cluster_->setEffects(effect_.effects());
    if (!effect_delay_.isActive()) effect_delay_.start(kReportMs);
    Q_EMIT effectShown(effect);
  });
  connect(cluster_, &ClusterView::compareRequested, this,
          [this](quint64 epoch) { parts_.workspace.compare().setPlanChange(epoch); });
  connect(&panel, &ApplyPanel::abandonRequested, &live_.plans(), &PlanCalls::abandon);
  const auto roll_back = [this] {
    reportEffect();
    effect_.drop();
    live_.plans().rollBack();
  };
  connect(&live_.plans(), &PlanCalls::rollBackBegins, this, [this](const std::string& json) {
    if (json.empty() || !live_.snapshot()) return;
    try {
      beginEffect(std::make_shared<const Plan>(parse_plan(json, "the plan from before").plan));
    } catch (const Error&) {
      // It is restored anyway; nothing is predicted for it.
    }
  });
  connect(&panel, &ApplyPanel::rollBackRequested, this, roll_back);
  connect(roll_back_, &QAction::triggered, this, roll_back);
  connect(&panel, &ApplyPanel::dismissed, this, [this, &panel] {
    live_.plans().dismiss();
    panel.setReady({});
    offerPlan();
  });
  connect(&live_.plans(), &PlanCalls::checked, this, [this, &panel](const PlanOutcome& outcome) {
    const bool known = running_ && parts_.workspace.loads().plan();
    panel.showCheck(outcome, known ? moves_by_gpu(*running_, *parts_.workspace.loads().plan())
                                   : std::vector<GpuMoves>());
  });
  connect(&live_.plans(), &PlanCalls::progressed, &panel, &ApplyPanel::showProgress);
  connect(&live_.plans(), &PlanCalls::ended, this, &LiveWindow::planEnded);
  connect(&live_.plans(), &PlanCalls::failed, this, [&panel](const QString& error) {
    const auto step = panel.step();
    if (step == ApplyPanel::Step::Checking || step == ApplyPanel::Step::Running)
      panel.showFailure(error);
  });
  connect(&parts_.workspace.loads(), &LoadDocument::planChanged, this, &LiveWindow::offerPlan);
}

void LiveWindow::planEnded(const PlanOutcome& outcome) {
  cluster_->applyPanel().showOutcome(outcome);
  if (outcome.change.in_force() && live_.snapshot())
    effect_.committed(outcome.change.ticket);
  else
    effect_.drop();
}

/// The node keeps what is known of the last change, for clients that ask.
void LiveWindow::reportEffect() {
  effect_delay_.stop();
  if (effect_.effects().empty() || !live_.active() || !live_.state().may_change) return;
  const auto& [ticket, effect] = *effect_.effects().rbegin();
  live_.plans().reportEffect(ticket, effect);
}

/// A prediction for `plan`, from all that is known of the running engine.
void LiveWindow::beginEffect(const PlanPtr& plan) {
  feedEffect();
  effect_.begin(running_ ? *running_ : Plan(), *plan, parts_.workspace.trace().rules());
}

bool LiveWindow::planDiffers() const {
  const PlanPtr& plan = parts_.workspace.loads().plan();
  return plan && running_ && *plan != *running_;
}

/// Updates what the panel offers to the current plans, unless it is busy.
void LiveWindow::offerPlan() {
  if (cluster_ == nullptr) return;
  ApplyPanel& panel = cluster_->applyPanel();
  const bool idle =
      panel.step() == ApplyPanel::Step::Unavailable || panel.step() == ApplyPanel::Step::Ready;
  const PlanPtr& plan = parts_.workspace.loads().plan();
  const bool differs = planDiffers();
  QString why, in_short;
  if (live_.phase() != LiveState::Live)
    why = tr("No runtime is attached to apply a plan to."), in_short = tr("no runtime is attached");
  else if (!live_.state().may_change)
    why = tr("You may watch this runtime; only an operator may change its plan."),
    in_short = tr("you may only watch this runtime");
  else if (!plan)
    why = tr("There is no plan to apply: edit or solve one in the plan view."),
    in_short = tr("there is no plan");
  else if (!differs)
    why = tr("The edited plan is the running one. Solve or edit it to apply another."),
    in_short = tr("it is the running plan");
  apply_->setEnabled(idle && why.isEmpty());
  if (in_short.isEmpty() && !idle)
    in_short = panel.step() == ApplyPanel::Step::Ended
                   ? tr("close the last change of plan in Cluster first")
                   : tr("a change of plan goes on; see Cluster");
  apply_->setStatusTip(in_short);
  if (!idle) return;
  if (!why.isEmpty())
    panel.setUnavailable(why);
  else
    panel.setReady(tr("The edited plan differs from the running one."));
}

}  // namespace moescope
