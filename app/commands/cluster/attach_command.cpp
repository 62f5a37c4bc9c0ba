// moescope attach: follows a running node and keeps what it records.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>

#include "app/commands/cluster/attach_metrics.h"
#include "app/commands/cluster/cluster_commands.h"
#include "app/commands/command.h"
#include "core/cluster/live_source.h"
#include "core/cluster/session/live_session_machine.h"
#include "core/error.h"

namespace moescope {
namespace {

struct AttachOptions : NodeOptions {
  std::optional<double> seconds;
  std::string out;
};

using Clock = std::chrono::steady_clock;

/// The trace is not shown: only the file matters.
constexpr std::size_t kHeld = 100'000;
/// For a node that was killed and may be restarted.
constexpr auto kPatience = std::chrono::seconds(5);

Json summary(const AttachOptions& options, const LiveSnapshot& s, double seconds) {
  return {{"schema", 1},
          {"target", options.target},
          {"state", to_string(s.state)},
          {"reason", s.reason},
          {"seconds", seconds},
          {"file", s.recording.empty() ? Json() : Json(s.recording.string())},
          {"recording_error", s.recording_error.empty() ? Json() : Json(s.recording_error)},
          {"ranks", s.trace->devices().size()},
          {"spans", s.spans},
          {"batches", s.batches},
          {"bytes", s.bytes},
          {"requests", s.request_count},
          {"steps", s.step_count},
          {"plans", s.plans.size()},
          {"dropped",
           {{"batches", s.drops.batches}, {"spans", s.drops.spans}, {"records", s.drops.records}}}};
}

void print(const Json& s) {
  fmt::print("attached   {:.1f} s to {}: {} ({})\n", s["seconds"].get<double>(),
             s["target"].get<std::string>(), s["state"].get<std::string>(),
             s["reason"].get<std::string>());
  fmt::print("received   {} spans of {} ranks in {} batches, {:.2f} MB\n", s["spans"].dump(),
             s["ranks"].dump(), s["batches"].dump(), s["bytes"].get<double>() / 1e6);
  fmt::print("served     {} requests in {} steps\n", s["requests"].dump(), s["steps"].dump());
  fmt::print("dropped    {} spans for this viewer, {} records in the node\n",
             s["dropped"]["spans"].dump(), s["dropped"]["records"].dump());
  if (!s["file"].is_null()) fmt::print("recorded   {}\n", s["file"].get<std::string>());
}

std::string progress_text(const LiveFigures& now) {
  if (now.state == LiveState::Waiting)
    return fmt::format("{}: {}", to_string(now.state), now.reason);
  return fmt::format("{}: {} spans, {:.0f} per second, {} dropped", to_string(now.state), now.spans,
                     now.rates.spans_per_second, now.drops.spans);
}

/// Follows a node, driven by a LiveSessionMachine.
class Attachment {
 public:
  explicit Attachment(const AttachOptions& options) : options_(options) {}

  /// Until the node ends or is lost, the time is over, or the user interrupts. Throws Error when
  /// there is no node.
  void follow();
  /// How long, and how the source stood then, before it was stopped.
  double seconds() const { return seconds_; }
  const LiveFigures& figures() const { return figures_; }
  LiveSnapshotPtr last() const { return source_->snapshot(); }

 private:
  void handle(SessionEvent event, const std::string& reason = {});
  void perform(SessionAction action);
  void look();

  const AttachOptions& options_;
  Clock::time_point begin_ = Clock::now();
  LiveSessionMachine machine_;
  std::shared_ptr<ClusterClient> client_;
  std::optional<LiveSource> source_;
  double seconds_ = 0;
  LiveFigures figures_;
};

void Attachment::handle(SessionEvent event, const std::string& reason) {
  for (const SessionAction action : machine_.on(event, reason)) perform(action);
}

void Attachment::perform(SessionAction action) {
  switch (action) {
    case SessionAction::Connect:
      client_ = connect_node(options_);
      return handle(SessionEvent::Connected);
    case SessionAction::Watch: {
      LiveOptions live;
      live.recording = options_.out;
      live.max_held = kHeld;
      live.patience = kPatience;
      source_.emplace(client_, live);
      return;
    }
    case SessionAction::Complete:
      source_->stop();
      return handle(SessionEvent::Completed);
    default:  // of an embedded runtime, or what a window does meanwhile
      return;
  }
}

/// Passes on the state of the source. Prints once that the node stopped answering, and once that it
/// is back.
void Attachment::look() {
  const LiveFigures now = source_->figures();
  if ((now.state == LiveState::Waiting) != (figures_.state == LiveState::Waiting) &&
      now.state != LiveState::Lost && now.state != LiveState::Ended)
    fmt::print(
        stderr, "moescope: {}: {}\n", options_.target,
        now.state == LiveState::Waiting ? "lost, trying again: " + now.reason : "found again");
  figures_ = now;
  seconds_ = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (const auto event = event_of(now.state)) handle(*event, now.reason);
}

void Attachment::follow() {
  constexpr auto kLook = std::chrono::milliseconds(100);
  Progress& progress = command_progress();
  handle(SessionEvent::Attach);
  try {
    for (look(); machine_.active(); look()) {
      if (progress.cancelled() || (options_.seconds && seconds_ >= *options_.seconds)) break;
      progress.report(options_.seconds ? seconds_ / *options_.seconds : 0, progress_text(figures_));
      std::this_thread::sleep_for(kLook);
    }
  } catch (const Cancelled&) {
    // The user stopped; what was received is kept.
  }
  handle(SessionEvent::Stop);
}

void run(const AttachOptions& options) {
  if (options.target.rfind("http://", 0) == 0) {
    if (!options.out.empty())
      throw Error(options.target, "", "an engine's metrics hold nothing to record",
                  "Attach to a moescope-agent beside the engine");
    return attach_metrics(options.target, options.seconds, options.json);
  }
  Attachment attachment(options);
  attachment.follow();
  const LiveFigures& at_end = attachment.figures();
  const bool lost = at_end.state == LiveState::Lost || at_end.state == LiveState::Waiting;
  const auto last = attachment.last();
  Json document = summary(options, *last, attachment.seconds());
  if (lost) {
    document["state"] = to_string(LiveState::Lost);
    document["reason"] = at_end.reason;
  }
  if (options.json)
    print_json(document);
  else
    print(document);
  if (!last->recording_error.empty())
    throw Error(options.out, "", "recording stopped: " + last->recording_error);
  if (lost)
    throw Error(options.target, "", "the node was lost: " + at_end.reason,
                options.out.empty() ? "" : "What came until then is in " + options.out);
}

}  // namespace

void register_attach(CLI::App& app) {
  auto* command = app.add_subcommand(
      "attach",
      "Follow a running moescope-node or moescope-agent and record it; reconnects when it stops "
      "answering. http://HOST:PORT: what the metrics of an engine without the plugin say, "
      "read-only");
  auto options = std::make_shared<AttachOptions>();
  add_node_options(*command, *options);
  command
      ->add_option("--seconds", options->seconds,
                   "How long (default: until the node ends or Ctrl+C)")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", options->out, "Recording to write (.moetrace)");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
