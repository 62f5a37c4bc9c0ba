#include "app/window/live/live_session.h"

#include <QDateTime>
#include <QDir>
#include <QStandardPaths>
#include <chrono>
#include <thread>
#include <utility>

namespace moescope {
namespace {

constexpr int kStatusMs = 1000;
constexpr int kReapMs = 1500;
constexpr int kRatesMs = 500;  ///< between telling new rates: every snapshot would be too restless
constexpr auto kRetry = std::chrono::milliseconds(100);
constexpr auto kStartPatience = std::chrono::seconds(30);
/// For an attached node that was killed and may be restarted.
constexpr auto kLostPatience = std::chrono::seconds(5);

/// A child needs a moment until it listens: tries until `patience` is over.
std::shared_ptr<ClusterClient> connect_patiently(const LiveServices& services,
                                                 const std::string& target,
                                                 const ConnectOptions& options, bool starting,
                                                 Progress& progress) {
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  for (;;) {
    try {
      return services.connect(target, options);
    } catch (const Error&) {
      if (!starting || std::chrono::steady_clock::now() > deadline) throw;
    }
    progress.check();
    std::this_thread::sleep_for(kRetry);
    progress.check();
  }
}

}  // namespace

LiveServices live_services() {
  return {.connect =
              [](const std::string& target, const ConnectOptions& options) {
                return ClusterClient::connect(target, options);
              },
          .node_program = find_node_program(),
          .node_arguments = {"--ranks", "16", "--nodes", "2"},
          .recordings =
              QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + "/recordings"};
}

LiveSession::LiveSession(LiveServices services, QObject* parent)
    : QObject(parent), services_(std::move(services)) {
  status_timer_.setInterval(kStatusMs);
  connect(&status_timer_, &QTimer::timeout, this, &LiveSession::askStatus);
  connect(&node_, &LiveNode::ended, this, &LiveSession::nodeEnded);
  connect(&connect_job_, &JobRunner::failed, this, [this](const QString& error) {
    setPhase(LivePhase::Lost, error);
    node_.stop();
  });
  for (JobRunner* job : {&settings_job_, &plan_job_})
    connect(job, &JobRunner::failed, this, &LiveSession::failed);
}

LiveSession::~LiveSession() {
  status_timer_.stop();
  node_.disconnect(this);
  if (abandon_) *abandon_ = true;
}

bool LiveSession::active() const {
  return state_.phase == LivePhase::Starting || state_.phase == LivePhase::Live ||
         state_.phase == LivePhase::Waiting;
}

std::string LiveSession::newRecording() const {
  QDir().mkpath(services_.recordings);
  const QString name = QDateTime::currentDateTime().toString("'live-'yyyyMMdd-HHmmss");
  QString file = services_.recordings + '/' + name + ".moetrace";
  for (int i = 2; QFile::exists(file); ++i)
    file = QStringLiteral("%1/%2-%3.moetrace").arg(services_.recordings, name).arg(i);
  return file.toStdString();
}

void LiveSession::reset() {
  status_timer_.stop();
  for (JobRunner* job :
       {&connect_job_, &snapshot_job_, &status_job_, &settings_job_, &stop_job_, &effect_job_})
    job->abandon();  // a late answer of the former node is no news of the next one
  if (abandon_) *abandon_ = true;
  if (plan_job_.running()) {
    plan_job_.abandon();
    Q_EMIT failed(
        tr("The runtime was left while its plan changed: attach to it to see what came of it."));
  }
  // Completing a recording takes a moment.
  if (source_)
    stop_job_.start(
        tr("Completing the recording"),
        [source = std::move(source_)](Progress&) {
          source->stop();
          return true;
        },
        [](bool) {});
  source_.reset();
  client_.reset();
  snapshot_.reset();
  again_ = stopping_ = false;
}

void LiveSession::begin(const QString& target, bool embedded) {
  reset();
  state_ = {};
  state_.target = target;
  state_.embedded = embedded;
  setPhase(LivePhase::Starting);
}

void LiveSession::startEmbedded() {
  begin(tr("embedded runtime"), true);
  if (services_.node_program.isEmpty()) {
    setPhase(
        LivePhase::Lost,
        tr("moescope-node is not beside this program. Build or install it, then start again."));
    return;
  }
  if (!node_.start(services_.node_program, services_.node_arguments)) {
    setPhase(LivePhase::Lost, tr("There is no folder for temporary files that only you can read."));
    return;
  }
  connectTo(node_.target(), {});
}

void LiveSession::attach(const QString& target, const PeerFiles& files) {
  begin(target, false);
  files_ = files;
  ConnectOptions options;
  options.files = files;
  connectTo(target, options);
}

void LiveSession::connectTo(const QString& target, const ConnectOptions& options) {
  connect_job_.start(
      tr("Connecting"),
      [services = services_, target = target.toStdString(), options,
       starting = state_.embedded](Progress& progress) {
        return connect_patiently(services, target, options, starting, progress);
      },
      [this](const std::shared_ptr<ClusterClient>& client) { watch(client); });
}

void LiveSession::watch(std::shared_ptr<ClusterClient> client) {
  client_ = std::move(client);
  LiveOptions options;
  options.recording = newRecording();
  options.patience = kLostPatience;
  try {
    source_ = std::make_shared<LiveSource>(client_, options, [this] {
      QMetaObject::invokeMethod(this, &LiveSession::takeSnapshot, Qt::QueuedConnection);
    });
  } catch (const Error& error) {
    setPhase(LivePhase::Lost, QString::fromUtf8(error.what()));
    node_.stop();
    return;
  }
  state_.recording = QString::fromStdString(options.recording.string());
  status_timer_.start();
  askStatus();
  takeSnapshot();
}

void LiveSession::takeSnapshot() {
  if (!source_) return;
  if (snapshot_job_.running()) {
    again_ = true;
    return;
  }
  snapshot_job_.start(
      tr("Taking what is new"), [source = source_](Progress&) { return source->snapshot(); },
      [this](const LiveSnapshotPtr& snapshot) {
        deliver(snapshot);
        if (std::exchange(again_, false)) takeSnapshot();
      });
}

void LiveSession::deliver(const LiveSnapshotPtr& snapshot) {
  if (!snapshot || snapshot == snapshot_) return;
  snapshot_ = snapshot;
  state_.recording_error = QString::fromStdString(snapshot->recording_error);
  if (!snapshot->recording.empty())
    state_.recording = QString::fromStdString(snapshot->recording.string());
  state_.spans = snapshot->spans;
  state_.spans_per_second = snapshot->rates.spans_per_second;
  state_.dropped_spans = snapshot->drops.spans;
  state_.dropped_records = snapshot->drops.records;
  Q_EMIT snapshotTaken();
  if (stopping_) return;
  // Why the node is lost was told already; what still comes of it does not bring it back.
  if (!active()) return Q_EMIT stateChanged();
  const QString reason = QString::fromStdString(snapshot->reason);
  switch (snapshot->state) {
    case LiveState::Live:
      setPhase(LivePhase::Live);
      break;
    case LiveState::Waiting:
      setPhase(LivePhase::Waiting, reason);
      break;
    case LiveState::Lost:
      if (!state_.embedded)
        setPhase(LivePhase::Lost, reason);
      else  // the child tells more when it is gone, which is known in a moment
        QTimer::singleShot(kReapMs, this, [this, snapshot, reason] {
          if (snapshot == snapshot_ && active()) loseNode(reason);
        });
      break;
    case LiveState::Ended:
      endOrWait(snapshot);
      break;
    case LiveState::Connecting:
      break;
  }
}

void LiveSession::askStatus() {
  if (!client_ || status_job_.running() || !active()) return;
  const bool first = !state_.status;
  status_job_.start(
      tr("Asking for the state"),
      [client = client_, first](Progress&) {
        const bool operator_role = first && client->hello().role == PeerRole::Operator;
        return std::pair(client->status(), operator_role);
      },
      [this, first](const std::pair<NodeStatus, bool>& answer) {
        state_.status = answer.first;
        if (first) state_.may_change = answer.second;
        Q_EMIT stateChanged();
      });
}

void LiveSession::setPhase(LivePhase phase, const QString& reason) {
  if (phase == state_.phase && reason == state_.reason) {
    if (rates_told_.isValid() && rates_told_.elapsed() < kRatesMs) return;
    rates_told_.start();
    Q_EMIT stateChanged();
    return;
  }
  const bool other = phase != state_.phase;
  state_.phase = phase;
  state_.reason = reason;
  Q_EMIT stateChanged();
  if (other) Q_EMIT phaseChanged(phase);
}

void LiveSession::nodeEnded(const QString& error) {
  if (stopping_ || !state_.embedded || !active()) return;
  if (error.isEmpty())
    finishStop();
  else
    loseNode(error);
}

/// The stream ended. A child's exit code and last words tell more, if it ends soon.
void LiveSession::endOrWait(const LiveSnapshotPtr& snapshot) {
  const auto end = [this, reason = snapshot->reason] {
    if (reason == kNodeEnded)
      finishStop();
    else
      loseNode(QString::fromStdString(reason));
  };
  if (!state_.embedded || !node_.running()) return end();
  QTimer::singleShot(LiveNode::kPatienceMs, this, [this, snapshot, end] {
    if (snapshot == snapshot_ && active()) end();
  });
}

/// This run does not come back: what was recorded of it becomes one complete file.
void LiveSession::loseNode(const QString& reason) {
  status_timer_.stop();
  connect_job_.abandon();
  node_.stop();
  setPhase(LivePhase::Lost, reason);
  if (!source_) return;
  stop_job_.start(
      tr("Completing the recording"),
      [source = source_](Progress&) {
        source->stop();
        return source->snapshot();
      },
      [this](const LiveSnapshotPtr& last) { deliver(last); });
}

void LiveSession::reconnect() {
  if (state_.phase != LivePhase::Lost && state_.phase != LivePhase::Ended) return;
  if (state_.embedded) {
    startEmbedded();
    return;
  }
  if (!source_ || source_->state() == LiveState::Ended) {
    attach(state_.target, files_);
    return;
  }
  setPhase(LivePhase::Starting);
  status_timer_.start();
  source_->reconnect();
}

void LiveSession::stop() {
  if (stopping_ || state_.phase == LivePhase::Idle || state_.phase == LivePhase::Ended) return;
  stopping_ = true;
  finishStop();
}

void LiveSession::finishStop() {
  stopping_ = true;
  status_timer_.stop();
  connect_job_.abandon();
  if (abandon_) *abandon_ = true;
  if (!source_) {
    node_.stop();
    setPhase(LivePhase::Ended);
    return;
  }
  stop_job_.start(
      tr("Completing the recording"),
      [source = source_, client = client_, end_node = state_.embedded](Progress&) {
        if (end_node) {
          try {
            client->stop();
          } catch (const Error&) {
            // It is gone already, or is ended by a signal below.
          }
        }
        source->stop();
        return source->snapshot();
      },
      [this](const LiveSnapshotPtr& last) {
        deliver(last);
        node_.stop();
        setPhase(LivePhase::Ended);
      });
}

void LiveSession::configure(const NodeSettings& settings) {
  if (!client_) return;
  settings_job_.start(
      tr("Changing settings"),
      [client = client_, settings](Progress&) { return client->configure(settings); },
      [this](const NodeStatus& status) {
        state_.status = status;
        Q_EMIT stateChanged();
      });
}

void LiveSession::runPlan(std::function<PlanOutcome(ClusterClient&, const PlanListener&)> call,
                          void (LiveSession::*done)(const PlanOutcome&)) {
  if (!client_ || plan_job_.running()) return;
  abandon_ = std::make_shared<std::atomic<bool>>(false);
  const PlanListener listener = [this, abandon = abandon_](const NodePlanChange& change) {
    QMetaObject::invokeMethod(
        this, [this, change] { Q_EMIT planProgressed(change); }, Qt::QueuedConnection);
    return !*abandon;
  };
  plan_job_.start(
      tr("Changing the plan"),
      [client = client_, call = std::move(call), listener](Progress&) {
        return call(*client, listener);
      },
      [this, done](const PlanOutcome& outcome) {
        Q_EMIT(this->*done)(outcome);
        askStatus();
      });
}

void LiveSession::checkPlan(const std::string& plan_json) {
  runPlan(
      [plan_json](ClusterClient& client, const PlanListener& listener) {
        return client.apply({.plan_json = plan_json, .name = {}, .base_epoch = {}, .dry_run = true},
                            listener);
      },
      &LiveSession::planChecked);
}

void LiveSession::applyPlan(const std::string& plan_json, const QString& name) {
  std::optional<std::uint64_t> epoch;
  if (state_.status) epoch = state_.status->epoch;
  runPlan(
      [plan_json, epoch, name = name.toStdString()](ClusterClient& client,
                                                    const PlanListener& listener) {
        return client.apply(
            {.plan_json = plan_json, .name = name, .base_epoch = epoch, .dry_run = false},
            listener);
      },
      &LiveSession::planEnded);
}

void LiveSession::abandonPlan() {
  if (abandon_) *abandon_ = true;
}

void LiveSession::rollBack() {
  runPlan(
      [this](ClusterClient& client, const PlanListener&) {
        QMetaObject::invokeMethod(
            this,
            [this, plan = client.status(true).previous_plan_json] { Q_EMIT rollBackBegins(plan); },
            Qt::QueuedConnection);
        return client.rollback();
      },
      &LiveSession::planEnded);
}

void LiveSession::tellEffect(quint64 ticket, const PlanEffect& effect) {
  if (!client_ || !active() || !state_.may_change) return;
  effect_job_.start(
      tr("Telling what the plan did"),
      [client = client_, ticket, effect](Progress&) {
        try {
          client->tell_effect(ticket, effect);
        } catch (const Error&) {
          // An older node keeps no effects; this window shows them all the same.
        }
        return true;
      },
      [](bool) {});
}

}  // namespace moescope
