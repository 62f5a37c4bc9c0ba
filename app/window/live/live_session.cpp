#include "app/window/live/live_session.h"

#include <QDateTime>
#include <QDir>
#include <QStandardPaths>
#include <chrono>
#include <thread>
#include <utility>

#include "core/cluster/wire/transport.h"

namespace moescope {
namespace {

constexpr int kStatusMs = 1000;
constexpr int kReapMs = 1500;
constexpr int kRatesMs =
    500;  ///< between updates of the rates, which would flicker with every snapshot
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

/// Answer of a node to a status call.
struct Answer {
  NodeStatus status;
  bool may_change = false;
  QString problem;  ///< why that cannot be read
};

/// Throws ConnectionError, which the source reports too.
Answer answer_of(ClusterClient& client, bool first) {
  try {
    const bool may_change = first && client.hello().role == PeerRole::Operator;
    return {client.status(), may_change, {}};
  } catch (const ConnectionError&) {
    throw;
  } catch (const Error& error) {
    return {{}, false, QString::fromUtf8(error.what())};
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
  patience_.setSingleShot(true);
  connect(&patience_, &QTimer::timeout, this, [this] { handle(SessionEvent::PatienceOver); });
  connect(&node_, &LiveNode::ended, this,
          [this](const QString& error) { handle(SessionEvent::NodeExited, error); });
  connect(&connect_job_, &JobRunner::failed, this,
          [this](const QString& error) { handle(SessionEvent::Failed, error); });
  connect(&settings_job_, &JobRunner::failed, this, &LiveSession::failed);
  connect(&plans_, &PlanCalls::failed, this, &LiveSession::failed);
  for (const auto answered : {&PlanCalls::checked, &PlanCalls::ended})
    connect(&plans_, answered, this, &LiveSession::askStatus);
}

LiveSession::~LiveSession() {
  status_timer_.stop();
  node_.disconnect(this);
  plans_.disconnect(this);
}

void LiveSession::startEmbedded() {
  handle(SessionEvent::StartEmbedded);
}

void LiveSession::attach(const QString& target, const PeerFiles& files) {
  target_ = target;
  files_ = files;
  handle(SessionEvent::Attach);
}

void LiveSession::reconnect() {
  handle(SessionEvent::Reconnect);
}

void LiveSession::stop() {
  handle(SessionEvent::Stop);
}

/// Handles events one after the other; events that occur while one is handled are queued.
void LiveSession::handle(SessionEvent event, const QString& reason) {
  happened_.emplace_back(event, reason);
  if (std::exchange(handling_, true)) return;
  for (; !happened_.empty(); happened_.pop_front()) {
    const auto& [next, why] = happened_.front();
    const auto actions = machine_.on(next, why.toStdString());
    // Listeners of the next session must not see state of the previous one.
    if (!actions.empty() && actions.front() == SessionAction::Leave) leave();
    publish();
    for (const SessionAction action : actions) perform(action);
  }
  handling_ = false;
}

void LiveSession::perform(SessionAction action) {
  switch (action) {
    case SessionAction::Leave:  // done by handle()
      break;
    case SessionAction::StartNode:
      return startNode();
    case SessionAction::Connect:
      return connectNode();
    case SessionAction::AbandonConnect:
      return connect_job_.abandon();
    case SessionAction::Watch:
      return watch();
    case SessionAction::ReconnectSource:
      return source_->reconnect();
    case SessionAction::AwaitExit:
      return patience_.start(kReapMs);
    case SessionAction::AwaitOrderlyExit:
      return patience_.start(LiveNode::kPatienceMs);
    case SessionAction::AbandonPlan:
      return plans_.abandon();
    case SessionAction::Complete:
      return complete(false);
    case SessionAction::EndNodeAndComplete:
      return complete(true);
    case SessionAction::StopNode:
      return node_.stop();
  }
}

/// Publishes a new state of the machine at once, other changes at a limited rate.
void LiveSession::publish() {
  const QString reason = QString::fromStdString(machine_.reason());
  const bool other = machine_.state() != state_.phase;
  if (!other && reason == state_.reason && rates_shown_.isValid() &&
      rates_shown_.elapsed() < kRatesMs)
    return;
  rates_shown_.start();
  state_.phase = machine_.state();
  state_.reason = reason;
  Q_EMIT stateChanged();
  if (other) Q_EMIT phaseChanged(machine_.state());
}

/// A late answer of the previous node is ignored.
void LiveSession::leave() {
  status_timer_.stop();
  patience_.stop();
  for (JobRunner* job :
       {&connect_job_, &snapshot_job_, &status_job_, &settings_job_, &complete_job_})
    job->abandon();
  plans_.setNode(nullptr);
  // Completing a recording takes a moment.
  if (source_)
    complete_job_.start(
        tr("Completing the recording"),
        [source = std::move(source_)](Progress&) {
          source->stop();
          return true;
        },
        [](bool) {});
  source_.reset();
  client_.reset();
  snapshot_.reset();
  again_ = false;
  reported_problem_.clear();
  state_ = {};
  state_.embedded = machine_.embedded();
  state_.target = state_.embedded ? tr("embedded runtime") : target_;
}

void LiveSession::startNode() {
  if (services_.node_program.isEmpty())
    return handle(
        SessionEvent::Failed,
        tr("moescope-node is not beside this program. Build or install it, then start again."));
  if (!node_.start(services_.node_program, services_.node_arguments))
    return handle(SessionEvent::Failed,
                  tr("There is no folder for temporary files that only you can read."));
  handle(SessionEvent::NodeStarted);
}

void LiveSession::connectNode() {
  ConnectOptions options;
  if (!machine_.embedded()) options.files = files_;
  const QString target = machine_.embedded() ? node_.target() : target_;
  connect_job_.start(
      tr("Connecting"),
      [services = services_, target = target.toStdString(), options,
       starting = machine_.embedded()](Progress& progress) {
        return connect_patiently(services, target, options, starting, progress);
      },
      [this](const std::shared_ptr<ClusterClient>& client) {
        client_ = client;
        handle(SessionEvent::Connected);
      });
}

std::string LiveSession::newRecording() const {
  QDir().mkpath(services_.recordings);
  const QString name = QDateTime::currentDateTime().toString("'live-'yyyyMMdd-HHmmss");
  QString file = services_.recordings + '/' + name + ".moetrace";
  for (int i = 2; QFile::exists(file); ++i)
    file = QStringLiteral("%1/%2-%3.moetrace").arg(services_.recordings, name).arg(i);
  return file.toStdString();
}

void LiveSession::watch() {
  LiveOptions options;
  options.recording = newRecording();
  options.patience = kLostPatience;
  try {
    source_ = std::make_shared<LiveSource>(client_, options, [this] {
      QMetaObject::invokeMethod(this, &LiveSession::takeSnapshot, Qt::QueuedConnection);
    });
  } catch (const Error& error) {
    return handle(SessionEvent::Failed, QString::fromUtf8(error.what()));
  }
  state_.recording = QString::fromStdString(options.recording.string());
  plans_.setNode(client_);
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
  // The loss of the node was reported already; late answers do not bring it back.
  if (!active()) return Q_EMIT stateChanged();
  if (const auto event = event_of(snapshot->state))
    handle(*event, QString::fromStdString(snapshot->reason));
}

void LiveSession::askStatus() {
  if (!client_ || status_job_.running() || !machine_.asks()) return;
  const bool first = !state_.status;
  status_job_.start(
      tr("Asking for the state"),
      [client = client_, first](Progress&) { return answer_of(*client, first); },
      [this, first](const Answer& answer) {
        if (!answer.problem.isEmpty()) {
          if (std::exchange(reported_problem_, answer.problem) != answer.problem)
            Q_EMIT failed(answer.problem);
          return;
        }
        state_.status = answer.status;
        if (first) state_.may_change = answer.may_change;
        Q_EMIT stateChanged();
      });
}

/// The recording becomes one complete file.
void LiveSession::complete(bool end_node) {
  status_timer_.stop();
  complete_job_.start(
      tr("Completing the recording"),
      [source = source_, client = client_, end_node](Progress&) {
        if (end_node) {
          try {
            client->stop();
          } catch (const Error&) {
            // The node is gone already, or will be ended by a signal.
          }
        }
        source->stop();
        return source->snapshot();
      },
      [this](const LiveSnapshotPtr& last) {
        deliver(last);
        handle(SessionEvent::Completed);
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

}  // namespace moescope
