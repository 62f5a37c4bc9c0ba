#include "gpu/node/node_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "core/files.h"
#include "core/placement/plan.h"
#include "core/plain_text.h"
#include "core/std_streams.h"
#include "core/trace/file/moetrace_writer.h"
#include "core/version.h"
#include "gpu/base/clock.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/layer_run.h"
#include "gpu/engine/layout.h"
#include "gpu/node/backends.h"
#include "gpu/node/first_plan.h"
#include "gpu/node/hosting_text.h"
#include "gpu/node/listener.h"
#include "gpu/node/room.h"
#include "gpu/node/scheduled_change.h"

namespace moescope::runtime {
namespace {

Progress* running = nullptr;

void on_signal(int) {
  if (running != nullptr) running->cancel();
}

struct NodeOptions {
  std::string model = "tiny", backend = backends().front()->name(), workload, routing, plan,
              next_plan, out, tokens, listen, prometheus, state, pace = "auto";
  std::optional<std::string> gpus;
  PeerFiles peer_files;
  double next_plan_at = 2;  ///< seconds
  std::uint64_t bytes_per_step = PlanOptions{}.bytes_per_step;
  EngineOptions engine;
  DeviceBudget device_budget;  ///< of a backend with devices
  RunLimit limit;
  std::uint64_t seed = 1;
  bool ordered = false, serial = false, json = false, progress = false, devices = false;
  bool check_layer = false;
  Processes* processes = nullptr;  ///< nullptr: started alone
  bool serving = false;            ///< set-up is over
  bool first() const { return processes == nullptr || processes->first(); }
  bool recorded() const { return !out.empty() || !listen.empty(); }
};

constexpr const char* kEraseToEnd = "\033[K";

void print_progress(double fraction, std::string_view what) {
  static int shown = -1;
  const int percent = static_cast<int>(fraction * 100);
  if (percent == shown) return;
  shown = percent;
  write_control("\r");
  std::fprintf(stderr, "%3d %%  %.*s", percent, static_cast<int>(what.size()), what.data());
  write_control(kEraseToEnd);
}

/// The plan to begin with. Whether its layout is possible at all is looked at first.
std::optional<Placement> read_placement(const NodeOptions& options, const ModelConfig& config) {
  check_layout(options.engine, config);
  if (options.plan.empty()) return std::nullopt;
  return placement_of(load_plan(options.plan), config, plan_frame(options.engine), options.plan);
}

/// The plan to change to while serving; checked before anything runs.
std::optional<Plan> read_next_plan(const NodeOptions& options, const ModelConfig& config) {
  if (options.next_plan.empty()) return std::nullopt;
  Plan plan = load_plan(options.next_plan);
  static_cast<void>(placement_of(plan, config, plan_frame(options.engine), options.next_plan));
  return plan;
}

std::unique_ptr<ScheduledChange> schedule_change(const NodeOptions& options,
                                                 const std::optional<Plan>& plan,
                                                 Control& control) {
  if (!plan) return nullptr;
  PlanOptions change;
  change.who = "command line";
  change.name = options.next_plan;
  change.bytes_per_step = options.bytes_per_step;
  return std::make_unique<ScheduledChange>(control, *plan, options.next_plan_at, change);
}

std::map<std::string, std::string> facts_of(const NodeOptions& o, const ModelConfig& config) {
  return {
      {"backend", find_backend(o.backend).fact()},
      {"model", o.model},
      {"model_family", config.family},
      {"seed", std::to_string(o.seed)},
      {"ranks", fmt::format("{} prefill, {} decode on {} nodes", o.engine.ranks / 2,
                            o.engine.ranks / 2, o.engine.nodes)},
      {"attention", fmt::format("TP{}{} x DP{}", o.engine.tp,
                                o.engine.tp > 1 ? " with sequence parallelism" : "",
                                o.engine.ranks / 2 / o.engine.tp)},
      {"micro_batches", o.engine.overlap ? "overlapped" : "serial"},
      {"combine", o.ordered ? "ordered" : "hierarchical"},
      {"workers_requested", fmt::format("{} per rank, {} of them for communication",
                                        o.engine.budget.workers, o.engine.budget.communication)},
      {"shared_expert",
       o.engine.route_shared ? "routed: the last expert of every layer" : "on every rank"},
      {"workload", o.workload.empty() ? "default" : o.workload},
      {"routing", o.routing.empty() ? "of the gate" : o.routing},
      {"processes", processes_text(o.processes)},
      {"clock", clock_text(o.processes, false)}};
}

nlohmann::ordered_json traffic_json(const Traffic& traffic) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (int purpose = 0; purpose < kPurposes; ++purpose) {
    auto& links = json[to_string(static_cast<Purpose>(purpose))];
    for (int link = 0; link < kLinks; ++link)
      links[to_string(static_cast<Link>(link))] =
          traffic.of(static_cast<Purpose>(purpose), static_cast<Link>(link));
  }
  return json;
}

nlohmann::ordered_json changes_json(const std::vector<PlanRecord>& changes) {
  auto list = nlohmann::ordered_json::array();
  const auto seconds = [](std::int64_t from, std::int64_t to) {
    return to > from ? nlohmann::ordered_json(static_cast<double>(to - from) / 1e9)
                     : nlohmann::ordered_json();
  };
  const auto tpot = [](double s) {
    return s > 0 ? nlohmann::ordered_json(s) : nlohmann::ordered_json();
  };
  for (const PlanRecord& c : changes)
    list.push_back({{"name", c.name},
                    {"who", c.who},
                    {"result", to_string(c.phase)},
                    {"reason", c.reason},
                    {"epoch", c.epoch},
                    {"moves", c.moves},
                    {"bytes", c.bytes_done},
                    {"ib_bytes", c.ib_bytes},
                    {"prepare_s", seconds(c.started, c.prepared)},
                    {"commit_s", seconds(c.prepared, c.committed)},
                    {"verify_s", seconds(c.committed, c.verified)},
                    {"slots", c.slot_count},
                    {"slots_probed", c.slots_probed},
                    {"tpot_before_s", tpot(c.tpot_before)},
                    {"tpot_during_s", tpot(c.tpot_during)},
                    {"tpot_after_s", tpot(c.tpot_after)}});
  return list;
}

nlohmann::ordered_json summary(const EngineStatistics& s, const RecorderStatistics& recorded,
                               const std::vector<PlanRecord>& changes, const std::string& out) {
  using Json = nlohmann::ordered_json;
  const auto measured = [](bool any, double value) { return any ? Json(value) : Json(); };
  const bool any = s.finished > 0;
  return {{"schema", 1},
          {"file", out.empty() ? Json() : Json(out)},
          {"paced_links", s.links.empty() ? Json() : Json(s.links)},
          {"seconds", s.seconds},
          {"prefill_steps", s.prefill_steps},
          {"decode_steps", s.decode_steps},
          {"requests_arrived", s.arrived},
          {"requests_finished", s.finished},
          {"prompt_tokens", s.prompt_tokens},
          {"output_tokens", s.output_tokens},
          {"ttft_p50_s", measured(any, s.ttft_p50)},
          {"ttft_p95_s", measured(any, s.ttft_p95)},
          {"tpot_p50_s", measured(any, s.tpot_p50)},
          {"tpot_p95_s", measured(any, s.tpot_p95)},
          {"within_target", measured(any, s.within_target)},
          {"spans", recorded.spans},
          {"dropped", recorded.dropped},
          {"bytes", traffic_json(s.traffic)},
          {"plan_changes", changes_json(changes)}};
}

void print_text(const nlohmann::ordered_json& s) {
  fmt::print("served     {:.1f} s: {} prefill and {} decode steps\n", s["seconds"].get<double>(),
             s["prefill_steps"].dump(), s["decode_steps"].dump());
  fmt::print("requests   {} arrived, {} finished; {} prompt and {} output tokens\n",
             s["requests_arrived"].dump(), s["requests_finished"].dump(), s["prompt_tokens"].dump(),
             s["output_tokens"].dump());
  if (!s["paced_links"].is_null())
    fmt::print("links      paced: {}\n", s["paced_links"].get<std::string>());
  if (!s["ttft_p50_s"].is_null())
    fmt::print(
        "TTFT       p50 {:.0f} ms, p95 {:.0f} ms; TPOT p50 {:.0f} ms, p95 {:.0f} ms; {:.0f} % "
        "within the targets\n",
        s["ttft_p50_s"].get<double>() * 1e3, s["ttft_p95_s"].get<double>() * 1e3,
        s["tpot_p50_s"].get<double>() * 1e3, s["tpot_p95_s"].get<double>() * 1e3,
        s["within_target"].get<double>() * 100);
  for (const auto& c : s["plan_changes"])
    fmt::print("plan       {}: {}{}, {} experts moved, {:.1f} MB\n", c["name"].get<std::string>(),
               c["result"].get<std::string>(),
               c["reason"] == "" ? "" : " (" + c["reason"].get<std::string>() + ")",
               c["moves"].dump(), c["bytes"].get<double>() / 1e6);
  if (!s["file"].is_null())
    fmt::print("recorded   {}: {} spans, {} dropped\n", s["file"].get<std::string>(),
               s["spans"].dump(), s["dropped"].dump());
}

/// Where the recording goes: a file, viewers, both, or nowhere (nullptr).
struct Recording {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<MoetraceWriter> writer;
  std::unique_ptr<RecordingTee> both;

  RecordingSink* sink() {
    if (both) return both.get();
    if (listener) return &listener->recording();
    return writer.get();
  }
};

/// Binds the address, and reports failures at once.
std::unique_ptr<Listener> take_address(const NodeOptions& options) {
  if (!options.first() || options.listen.empty()) return nullptr;
  auto listener = std::make_unique<Listener>(options.listen, options.peer_files);
  if (!options.prometheus.empty()) listener->offer_metrics(options.prometheus);
  for (const std::string& notice : listener->notices())
    fmt::print(stderr, "moescope-node: note: {}\n", notice);
  return listener;
}

Recording open_recording(const NodeOptions& options, std::unique_ptr<Listener> listener) {
  Recording recording;
  recording.listener = std::move(listener);
  if (!options.first()) return recording;
  if (!options.out.empty()) recording.writer = std::make_unique<MoetraceWriter>(options.out);
  if (recording.listener && recording.writer)
    recording.both =
        std::make_unique<RecordingTee>(recording.listener->recording(), *recording.writer);
  return recording;
}

/// `reason` is sent to viewers.
void finish(Recorder& recorder, Recording& recording, RecorderStatistics& recorded,
            const std::string& reason) {
  try {
    recorded = recorder.finish();
  } catch (const std::exception& error) {
    if (recording.listener)
      recording.listener->close(fmt::format("the node failed: {}", error.what()));
    throw;
  }
  if (recording.listener) recording.listener->close(reason);
  // A run that failed before it recorded anything leaves the file as it was.
  if (!recording.writer || (reason != kNodeEnded && !recording.writer->has_records())) return;
  Progress writing;
  recording.writer->finish(writing);
}

/// Offers the engine to clients, who may also stop it; does nothing without --listen.
std::unique_ptr<Listener::Offer> offer(const NodeOptions& options, const ModelConfig& config,
                                       Engine& engine, Listener& listener, Progress& progress) {
  NodeFacts facts{options.model, options.backend, config.experts, 0};
  facts.expert_bytes = std::uint64_t{3} * static_cast<std::uint64_t>(config.hidden) *
                       static_cast<std::uint64_t>(config.expert_width) * sizeof(float);
  auto offered = listener.offer(engine.control(), facts, [&progress] { progress.cancel(); });
  fmt::print(stderr, "moescope-node: listening on {}\n", listener.address());
  if (!listener.metrics_address().empty())
    fmt::print(stderr, "moescope-node: figures at {}\n", listener.metrics_address());
  if (options.state.empty() && options.out.empty())
    fmt::print(
        stderr,
        "moescope-node: note: changes of plan end with this node; --state or -o keeps them\n");
  return offered;
}

/// One JSON line per finished request, by id.
void write_tokens(const std::string& file, const Engine& engine) {
  auto outputs = engine.outputs();
  std::sort(outputs.begin(), outputs.end(),
            [](const auto& a, const auto& b) { return a.first.id < b.first.id; });
  std::string text;
  for (const auto& [request, tokens] : outputs)
    text +=
        nlohmann::ordered_json{
            {"request", request.id}, {"prompt", request.prompt}, {"output", tokens}}
            .dump() +
        "\n";
  write_text_file(file, text);
}

/// Serves; the recording is finished and readable even after a failure.
EngineStatistics serve(NodeOptions& options, Engine& engine, Progress& progress,
                       const std::function<void(const std::string& reason)>& finish_recording) {
  if (!options.tokens.empty()) engine.keep_outputs();
  options.serving = true;
  EngineStatistics statistics;
  try {
    statistics = engine.run(options.limit, progress);
  } catch (const std::exception& error) {
    finish_recording(fmt::format("the node failed: {}", error.what()));
    throw;
  }
  finish_recording(kNodeEnded);
  if (options.first() && !options.tokens.empty()) write_tokens(options.tokens, engine);
  return statistics;
}

/// One MoE layer, compared with the CPU's: for --check-layer, and all that a backend without units
/// can run.
void run_one_layer(const NodeOptions& options, const Backend& backend) {
  Progress progress;
  LayerRunOptions o;
  check_layout(options.engine, model_config(options.model));
  o.model = load_model(options.model, options.seed, progress);
  o.group = {0, options.engine.ranks / 2, options.engine.nodes};
  o.placement = read_placement(options, o.model->config);
  o.combine = options.ordered ? CombineMode::Ordered : CombineMode::Hierarchical;
  o.budget = options.device_budget;
  o.seed = options.seed;
  if (options.limit.steps > 0) o.steps = static_cast<int>(options.limit.steps);
  std::unique_ptr<MoetraceWriter> writer;
  if (!options.out.empty()) writer = std::make_unique<MoetraceWriter>(options.out);
  fmt::print("{}\n",
             run_layer(o, backend, *backends().front(), writer.get(), options.json, progress));
  if (writer) writer->finish(progress);
}

void run(NodeOptions& options) {
  if (options.gpus) find_backend(options.backend).use_devices(*options.gpus);
  if (options.devices) {
    if (options.first()) fmt::print("{}\n", devices_text(options.json));
    return;
  }
  const Backend& backend = find_backend(options.backend);
  backend.check_devices();
  if (options.check_layer && &backend == backends().front())
    throw Error("--check-layer", backend.name(), "is what other backends are compared with",
                "give another --backend");
  if (options.check_layer || !backend.serves()) return run_one_layer(options, backend);
  if (options.device_budget.workers > 0)
    options.engine.budget.workers = options.device_budget.workers;
  if (options.device_budget.communication > 0)
    options.engine.budget.communication = options.device_budget.communication;
  if (options.limit.seconds == 0 && options.limit.steps == 0 && options.listen.empty())
    options.limit.seconds = 5;
  if (!options.out.empty())
    refuse_to_overwrite(options.out, {options.plan, options.next_plan, options.routing});
  options.engine.workload = parse_workload(options.workload);
  options.engine.pace = parse_pace(options.pace);
  options.engine.combine = options.ordered ? CombineMode::Ordered : CombineMode::Hierarchical;
  options.engine.overlap = !options.serial;
  constexpr double kBatchDelay = 0.1;  // seconds, a fifth of the target for the first token
  options.engine.batch_delay = kBatchDelay;
  const bool shown = options.first() && (options.progress || isatty(STDERR_FILENO) != 0);
  Progress progress(shown ? Progress::Listener(print_progress) : Progress::Listener());
  running = &progress;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGXFSZ, SIG_IGN);          // a file size limit is an error of the write, not a crash
  auto listener = take_address(options);  // before anything is read
  const ModelConfig config = model_config(options.model);
  check_layout(options.engine, config);
  FirstPlan plan = first_plan(
      {options.plan, options.state, options.out, !options.listen.empty(), options.processes},
      config, plan_frame(options.engine));
  const auto next_plan = read_next_plan(options, config);
  check_room(backend, options.engine, config, plan.placement, options.processes,
             options.recorded());
  const auto model = load_model(options.model, options.seed, progress);
  if (!options.routing.empty())
    options.engine.replay = RouteReplay::read(options.routing, model->config, progress);
  auto ranks = recorded_ranks(options.engine, model->config);
  backend.describe(ranks);
  std::unique_ptr<RankLogs> logs;
  Recording recording = open_recording(options, std::move(listener));
  std::unique_ptr<Recorder> recorder;
  if (options.recorded())
    logs = std::make_unique<RankLogs>(ranks.size(), options.processes,
                                      rank_hosts(options.engine, options.processes));
  if (RecordingSink* sink = recording.sink()) {
    const PlanFrame frame = plan_frame(options.engine);
    sink->add_plan({0, plan.name,
                    plan_json(plan_of(plan.placement ? *plan.placement
                                                     : contiguous_placement(model->config, frame),
                                      model->config, frame))});
    recorder = std::make_unique<Recorder>(*sink, ranks, facts_of(options, model->config),
                                          steady_now(), logs.get());
  }
  RecorderStatistics recorded;
  EngineStatistics statistics;
  std::vector<PlanRecord> changes;
  {
    Engine engine(backend, model, options.engine, plan.placement, recorder.get(),
                  {options.processes, logs.get()}, plan.start);
    const auto change =
        schedule_change(options, options.first() ? next_plan : std::nullopt, engine.control());
    const auto offered = recording.listener
                             ? offer(options, model->config, engine, *recording.listener, progress)
                             : nullptr;
    statistics = serve(options, engine, progress, [&](const std::string& reason) {
      if (!recorder) return;
      recorder->set_fact("clock", clock_text(options.processes, true));
      finish(*recorder, recording, recorded, reason);
    });
    changes = engine.control().history();
  }
  running = nullptr;
  if (!options.first()) return;
  if (shown) {
    write_control("\r");
    write_control(kEraseToEnd);
  }
  const auto json = summary(statistics, recorded, changes, options.out);
  if (options.json)
    fmt::print("{}\n", printable_json(json.dump(2)));
  else
    print_text(json);
}

void add_options(CLI::App& app, NodeOptions& o) {
  app.set_version_flag("--version", program_version());
  app.add_option("--model", o.model,
                 "tiny, tiny-lite, or a folder with config.json and safetensors");
  app.add_option("--seed", o.seed, "Seed of the tiny model's weights");
  app.add_option("--ranks", o.engine.ranks, "Virtual ranks, half prefill and half decode");
  app.add_option("--nodes", o.engine.nodes, "Nodes that each unit is spread over");
  app.add_option("--tp", o.engine.tp,
                 "Ranks that share an attention: heads split, rows spread (sequence parallel)")
      ->check(CLI::Range(1, 64));
  app.add_option("--backend", o.backend, backends_help());
  app.add_flag("--check-layer", o.check_layer,
               "Serve nothing: run the first MoE layer and compare it with the CPU");
  app.add_option("--sms", o.device_budget.workers,
                 "SMs of a rank on a GPU (as --workers; --check-layer: an equal part)")
      ->check(CLI::PositiveNumber);
  app.add_option("--comm-sms", o.device_budget.communication,
                 "SMs of these that communicate (as --comm-workers; --check-layer: a quarter)")
      ->check(CLI::PositiveNumber);
  app.add_option("--gpus", o.gpus,
                 "GPU that serves, by its index in --devices (the first usable one); a list of "
                 "several is refused as untested");
  app.add_flag("--devices", o.devices, "Print which GPU could be used, or why none can, and exit");
  app.add_option("--workers", o.engine.budget.workers, "Workers of a rank")
      ->check(CLI::Range(1, 64));
  app.add_option("--comm-workers", o.engine.budget.communication, "Workers that communicate")
      ->check(CLI::Range(1, 63));
  app.add_option("--pace", o.pace,
                 "Links between ranks: nvlink=GB/S,ib=GB/S[,latency=US]; auto: as slow as makes "
                 "communication last about as long as compute, up to 64 ranks; off: a transfer "
                 "takes as long as copying (auto)");
  app.add_flag("--ordered", o.ordered, "Combine in the gate's order: bitwise reproducible");
  app.add_flag("--serial", o.serial, "Run micro-batches one after the other, without overlap");
  app.add_option("--plan", o.plan, "Placement plan file for both units");
  app.add_option("--next-plan", o.next_plan, "Plan file to change to while serving");
  app.add_option("--next-plan-at", o.next_plan_at, "When, in seconds (2)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--bytes-per-step", o.bytes_per_step,
                 "Weights that a plan change copies between two steps at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--spare-places", o.engine.spare_places,
                 "Expert places of a rank for plan changes, over all layers")
      ->check(CLI::Range(0, 1 << 20));
  app.add_flag("--route-shared", o.engine.route_shared,
               "Route the shared expert as one more expert that every token picks");
  app.add_option("--active-slots", o.engine.active_slots,
                 "Slots of a rank that are active in a layer, solved from its counts (all)")
      ->check(CLI::PositiveNumber);
  app.add_option("--workload", o.workload,
                 "rate=60,prompt=8:32,output=8:32,topics=6,period=20,...");
  app.add_option(
      "--routing", o.routing,
      "Recorded routes or loads instead of the gate's choices (any load dump, .moetrace)");
  app.add_option("--seconds", o.limit.seconds,
                 "How long to serve (5 s; with --listen until stopped)")
      ->check(CLI::PositiveNumber);
  app.add_option("--steps", o.limit.steps, "How many steps to serve, both units together")
      ->check(CLI::PositiveNumber);
  app.add_option("-o,--output", o.out, "Recording to write (.moetrace)");
  app.add_option("--tokens", o.tokens, "Write the tokens of every finished request (JSON lines)");
  auto* listen =
      app.add_option("--listen", o.listen,
                     "Offer stream and control to clients until stopped: unix:PATH or HOST:PORT");
  app.add_option("--prometheus", o.prometheus,
                 "Offer the figures of status to Prometheus at http://127.0.0.1:PORT/metrics")
      ->needs(listen);
  app.add_option(
      "--state", o.state,
      "Folder that keeps the plan in force: a restart continues from it (with --listen and "
      "-o: FILE-plan beside the recording)");
  app.add_option("--token-file", o.peer_files.token,
                 "Shared secret on loopback TCP, readable by its owner only");
  app.add_option("--tls-ca", o.peer_files.tls_ca, "Certificates that sign the clients', PEM");
  app.add_option("--tls-cert", o.peer_files.tls_cert, "Certificate of this node, PEM");
  app.add_option("--tls-key", o.peer_files.tls_key, "Its key, PEM");
  app.add_flag("--json", o.json, "Print one JSON document");
  app.add_flag("--progress", o.progress, "Show progress on stderr even when it is not a terminal");
}

/// Reports a failure: the first process always does, the others when they failed while serving.
void report(const NodeOptions& options, const std::exception& failure) {
  const auto* error = dynamic_cast<const Error*>(&failure);
  const std::string text = error != nullptr ? error->command_line_text() : failure.what();
  if (options.first())
    fmt::print(stderr, "moescope-node: {}\n", text);
  else if (options.serving)
    fmt::print(stderr, "moescope-node: process {}: {}\n", options.processes->index(), text);
  std::fflush(stderr);
}

/// Prints CLI11's message about wrong usage, or the text of --help.
int exit_parsing(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, err;
  const int code = app.exit(error, out, err);
  fmt::print("{}", out.str());
  fmt::print(stderr, "{}", err.str());
  return code == 0 ? 0 : 2;
}

/// Leaves together with the other processes.
void leave(const NodeOptions& options, int exit_code) {
  if (options.processes == nullptr) return;
  // The first process needs a moment to report the failure and to finish the recording.
  if (exit_code != 0 && !options.first()) std::this_thread::sleep_for(std::chrono::seconds(3));
  options.processes->leave(exit_code);
}

}  // namespace

int run_node(int argc, char** argv, const Faults& faults) {
  guard_standard_streams();
  CLI::App app("The embedded MoE runtime: prefill and decode with expert parallelism, recorded");
  NodeOptions options;
  options.engine.faults = faults;
  add_options(app, options);
  int exit_code = 0;
  std::unique_ptr<Processes> processes;
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      exit_code = exit_parsing(app, error);
      require_stdout();
      return exit_code;
    }
    bound_stacks();
    processes = join_processes();
    options.processes = processes.get();
    run(options);
    require_stdout();
  } catch (const std::exception& error) {
    report(options, error);
    exit_code = 1;
  }
  leave(options, exit_code);
  return exit_code;
}

}  // namespace moescope::runtime
