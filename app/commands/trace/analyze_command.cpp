// moescope analyze: overlap and SM allocation per device.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "app/commands/trace/analyze_json.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/headline/headline.h"
#include "core/analysis/overlap/losses.h"
#include "core/analysis/overlap/paced_links.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/simulate/fused_bounds.h"

namespace moescope {
namespace {

struct AnalyzeOptions {
  std::vector<std::string> files;
  RunChoice runs;
  std::optional<TimeNs> from, to;
  std::string rules, bounds;
  bool json = false, scopes = false, per_device = false;
};

/// The window asked for; nullopt for the whole trace.
std::optional<TimeRange> window_of(const AnalyzeOptions& options, const Trace& trace) {
  if (!options.from && !options.to) return std::nullopt;
  const TimeRange window{options.from.value_or(0), options.to.value_or(trace.range().end)};
  if (window.empty())
    throw Error("", "--from, --to", "the window is empty", "Give --from less than --to");
  return window;
}

Json scopes_json(const Trace& trace, const std::vector<ScopeOverlap>& scopes) {
  Json list = Json::array();
  for (const auto& scope : scopes) {
    const auto& process = trace.processes().at(scope.key.process);
    Json json = {{"kind", scope.kind},         {"name", scope.name},
                 {"process", process.label},   {"rank", nullable(process.rank)},
                 {"device", scope.key.device}, {"windows", scope.windows}};
    json["events"] = events_json(scope.figures);
    json.update(figures_json(scope.figures));
    list.push_back(std::move(json));
  }
  return list;
}

std::string ms(std::int64_t ns) {
  return fmt::format("{:.3f}", static_cast<double>(ns) / 1e6);
}

void print_blocks(const Trace& trace, const std::vector<DeviceOverlap>& devices,
                  const std::vector<SmAllocation>& sm, const std::optional<TimeRange>& window) {
  for (const auto& [key, f] : devices) {
    const Device* device = find_device(trace, key);
    fmt::print("{}{}\n", device_text(trace, key),
               device != nullptr ? " (" + device->name + ")" : "");
    fmt::print("  events         {} communication, {} compute, {} memory\n", f.comm_events,
               f.compute_events, f.memory_events);
    fmt::print("  span           {:>12} ms    busy {} ms, idle {} ms\n", ms(f.span), ms(f.busy),
               ms(f.idle));
    fmt::print("  compute        {:>12} ms\n", ms(f.compute));
    fmt::print("  communication  {:>12} ms    of which waiting {} ms\n", ms(f.comm), ms(f.wait));
    const auto percent = f.overlap_percent();
    fmt::print("  overlap        {:>12} ms    {}\n", ms(f.overlap),
               percent ? fmt::format("{:.1f} % of communication", *percent) : "no communication");
    fmt::print("  exposed        {:>12} ms\n", ms(f.exposed));
    if (const auto fused = fused_text(f); !fused.empty())
      fmt::print("  fused MoE      {:>12} ms    {}\n", ms(f.fused), fused);
    if (const auto* a = find_sm(sm, key)) {
      const double length = static_cast<double>(std::max<TimeNs>(a->range.length(), 1));
      fmt::print("  {} ({})  mean {:.1f} communication, {:.1f} compute, {:.1f} free of {}\n",
                 processor_words(device).many, to_string(a->method),
                 static_cast<double>(a->comm_sm_ns) / length,
                 static_cast<double>(a->compute_sm_ns) / length,
                 static_cast<double>(a->free_sm_ns) / length, a->sm_count);
    } else {
      fmt::print("  SMs            unknown: the trace has no SM count\n");
    }
    const auto losses = losses_in(trace, window, key.process);
    if (!losses.empty())
      fmt::print(
          "  lost           {:>12} ms    in which records are missing: the figures only cover what "
          "was recorded\n",
          ms(lost_time(losses, window)));
  }
  if (devices.empty()) fmt::print("no GPU work in this trace\n");
}

/// What the figures are of.
std::string scope_text(const Headline& headline, const std::optional<TimeRange>& window) {
  const std::string devices =
      headline.devices == 1 ? "1 device" : fmt::format("all {} devices", headline.devices);
  if (!window) return devices + ", whole trace";
  return fmt::format("{}, {} to {} ms", devices, ms(window->begin), ms(window->end));
}

/// The answer, before any table.
void print_headline(const Trace& trace, const Headline& headline,
                    const std::optional<TimeRange>& window) {
  if (headline.devices == 0) return;
  const auto text = [](TimeNs ns) { return duration_text(static_cast<double>(ns)); };
  const OverlapFigures& total = headline.total;
  const auto hidden = total.overlap_percent();
  fmt::print("{}\n", scope_text(headline, window));
  const auto fused = fused_text(total);
  if (!hidden) {
    fmt::print("communication          {}\n", fused.empty() ? "none" : "only inside fused kernels");
  } else {
    fmt::print("exposed communication  {} of {} ({:.1f} %); {:.1f} % is hidden\n",
               text(total.exposed), text(total.comm), 100 - *hidden, *hidden);
    fmt::print("  of communication     {} is waiting for other ranks\n", text(total.wait));
  }
  if (!fused.empty())
    fmt::print("overlap                {} ({} of fused MoE)\n", fused, text(total.fused));
  if (const auto& worst = headline.worst) {
    const ExposedGroup& cause = worst->causes.front();
    fmt::print("worst                  {}: {} exposed, of which {} {}\n",
               device_text(trace, worst->key), text(worst->exposed), text(cause.time),
               cause_text(cause));
  }
  if (const auto& sms = headline.comm_sms)
    fmt::print("communication holds    {}{} {} while it runs, {:.1f} on average ({})\n", sms->most,
               sms->sm_count > 0 ? fmt::format(" of {}", sms->sm_count) : "",
               processor_words(find_device(trace, sms->key)).many, sms->mean,
               to_string(sms->method));
}

/// What the recording lost, with the figures that it leaves uncertain.
void print_lost(const Trace& trace, const std::optional<TimeRange>& window) {
  const auto losses = losses_in(trace, window);
  if (!losses.empty())
    fmt::print("records missing        in {} ms: the figures know only what was recorded\n",
               ms(lost_time(losses, window)));
}

/// A line per device, that with the most exposed communication first.
void print_devices(const Trace& trace, std::vector<DeviceOverlap> devices,
                   const std::vector<SmAllocation>& sm) {
  std::stable_sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) {
    return a.figures.exposed > b.figures.exposed;
  });
  fmt::print("\n{:<28} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}\n", "device", "span ms",
             "idle ms", "compute ms", "comm ms", "exposed ms", "hidden %", "comm SMs");
  for (const auto& [key, f] : devices) {
    const auto percent = f.overlap_percent();
    const SmAllocation* a = find_sm(sm, key);
    const double length = a == nullptr ? 1 : static_cast<double>(std::max<TimeNs>(f.comm, 1));
    fmt::print(
        "{:<28.28} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}\n", device_text(trace, key),
        ms(f.span), ms(f.idle), ms(f.compute), ms(f.comm), ms(f.exposed),
        percent ? fmt::format("{:.1f}", *percent) : "-",
        a == nullptr ? "-" : fmt::format("{:.1f}", static_cast<double>(a->comm_sm_ns) / length));
  }
}

void print_scopes(const Trace& trace, const std::vector<ScopeOverlap>& scopes) {
  if (scopes.empty()) {
    fmt::print("no annotation, layer, micro-batch or phase has GPU work\n");
    return;
  }
  fmt::print("{:<12} {:<32} {:<20} {:>7} {:>12} {:>12} {:>12} {:>12} {:>9}\n", "scope", "name",
             "device", "windows", "span ms", "compute ms", "comm ms", "exposed ms", "overlap %");
  for (const auto& scope : scopes) {
    const auto& f = scope.figures;
    const auto percent = f.overlap_percent();
    fmt::print("{:<12} {:<32.32} {:<20.20} {:>7} {:>12} {:>12} {:>12} {:>12} {:>9}\n", scope.kind,
               scope.name, device_text(trace, scope.key), scope.windows, ms(f.span), ms(f.compute),
               ms(f.comm), ms(f.exposed), percent ? fmt::format("{:.1f}", *percent) : "-");
  }
}

void print_remarks(const Trace& trace, const std::optional<TimeRange>& window) {
  for (const auto& [reason, count] : trace.info().skipped)
    fmt::print(stderr, "skipped {} events: {}\n", count, reason);
  for (const auto& warning : trace.info().warnings) fmt::print(stderr, "note: {}\n", warning);
  for (const LossSummary& lost : summarise(losses_in(trace, window)))
    fmt::print(stderr, "lost: {}\n", describe(lost, trace));
}

/// The figures of one run.
struct RunFigures {
  OverlapResults overlap;
  std::vector<SmAllocation> sm;
  Headline headline;
  std::optional<FusedWork> fused;  ///< with --bounds
};

RunFigures figures_of(const AnalyzeOptions& options, const Trace& trace,
                      const Classification& classes, const std::optional<TimeRange>& window) {
  Progress& progress = command_progress();
  RunFigures run;
  // Text names the layer that is to blame; scripts that want scopes ask for them.
  if (options.scopes || !options.json)
    run.overlap = analyze_overlap_and_scopes(trace, classes, window, progress);
  else
    run.overlap = analyze_overlap(trace, classes, window, progress);
  run.sm = analyze_sm_allocation(trace, classes, window, progress);
  run.headline = headline_of(
      trace, classes, {run.overlap.activity, run.overlap.overlap, run.overlap.scopes, run.sm},
      progress);
  if (!options.bounds.empty())
    run.fused =
        fused_work(trace, classes, load_hardware(options.bounds), window, command_progress());
  progress.report(1, "done");
  return run;
}

/// What fused kernels take at least.
void print_fused(const FusedWork& work) {
  const auto text = [](double seconds) { return duration_text(seconds * 1e9); };
  for (const auto& group : work.launches)
    fmt::print(
        "fused MoE bounds       {}, {:.0f} tokens, {} x: {} each; at least {}: compute {}, weights "
        "{}, communication {}\n",
        group.kernel, group.shape.tokens, group.launches, text(group.mean),
        text(group.bounds.least()), text(group.bounds.compute), text(group.bounds.weights),
        text(group.bounds.communication));
  if (work.without_shape > 0)
    fmt::print(
        "fused MoE bounds       {} {} do not tell tokens, hidden, width, experts, top-k and "
        "GPUs\n",
        work.without_shape, work.without_shape == 1 ? "kernel" : "kernels");
}

Json fused_json(const FusedWork& work) {
  const auto ns = [](double seconds) { return std::llround(seconds * 1e9); };
  Json launches = Json::array();
  for (const auto& group : work.launches)
    launches.push_back({{"kernel", group.kernel},
                        {"launches", group.launches},
                        {"tokens", group.shape.tokens},
                        {"gpus", group.shape.gpus},
                        {"mean_ns", ns(group.mean)},
                        {"least_ns", ns(group.bounds.least())},
                        {"compute_ns", ns(group.bounds.compute)},
                        {"weights_ns", ns(group.bounds.weights)},
                        {"comm_ns", ns(group.bounds.communication)}});
  return {{"launches", std::move(launches)}, {"without_shape", work.without_shape}};
}

void print_run(const AnalyzeOptions& options, const Trace& trace, const RunFigures& run,
               const std::optional<TimeRange>& window) {
  print_remarks(trace, window);
  if (const auto links = paced_links_text(trace.info()); !links.empty()) fmt::print("{}\n", links);
  print_headline(trace, run.headline, window);
  if (run.fused) print_fused(*run.fused);
  print_lost(trace, window);
  if (options.per_device || run.overlap.overlap.empty())
    print_blocks(trace, run.overlap.overlap, run.sm, window);
  else
    print_devices(trace, run.overlap.overlap, run.sm);
  if (options.scopes) print_scopes(trace, run.overlap.scopes);
}

Json document_of(const AnalyzeOptions& options, const Trace& trace, const RunFigures& run,
                 const std::optional<TimeRange>& window) {
  Json document = {{"schema", 1}, {"files", trace.info().files}, {"skipped", skipped_json(trace)}};
  document["warnings"] = trace.info().warnings;
  document["losses"] = losses_json(trace, losses_in(trace, window));
  const std::string links = paced_links_text(trace.info());
  document["paced_links"] = links.empty() ? Json() : Json(links);
  document["headline"] = headline_json(trace, run.headline);
  if (run.fused) document["fused_bounds"] = fused_json(*run.fused);
  document["devices"] = Json::array();
  for (const auto& device : run.overlap.overlap)
    document["devices"].push_back(device_json(trace, device, find_sm(run.sm, device.key), window));
  if (options.scopes) document["scopes"] = scopes_json(trace, run.overlap.scopes);
  return document;
}

/// Prints the figures of one run.
void analyze_run(const AnalyzeOptions& options, const RuleSet& rules, const TracePtr& trace,
                 RunPrinter& printer) {
  const auto window = window_of(options, *trace);
  const Classification classes(*trace, rules);
  const RunFigures run = figures_of(options, *trace, classes, window);
  if (options.json) return printer.add(document_of(options, *trace, run, window));
  printer.begin_run(*trace);
  print_run(options, *trace, run, window);
}

void run(const AnalyzeOptions& options) {
  RuleSet rules = RuleSet::built_in();
  if (!options.rules.empty()) rules = read_rules(options.rules);
  ImportOptions import;
  import.keep_args = !options.bounds.empty();  // they tell the shape
  RunPrinter printer(options.runs.separate, options.json);
  open_each_run(options.files, import, options.runs, command_progress(),
                [&](const TracePtr& trace) { analyze_run(options, rules, trace, printer); });
  printer.finish();
}

}  // namespace

void register_analyze(CLI::App& app) {
  auto* command = app.add_subcommand(
      "analyze", "Overlap of communication and compute, and SM allocation, per device");
  auto options = std::make_shared<AnalyzeOptions>();
  command->add_option("FILE", options->files, "Trace files or folders")->required();
  command->add_option("--from", options->from, "Start of the window, ns from the trace start");
  command->add_option("--to", options->to, "End of the window, ns from the trace start");
  command->add_option("--rules", options->rules,
                      "Classification rules (JSON) instead of the built-in ones");
  command->add_option("--bounds", options->bounds,
                      "Hardware (h800, b200, ... or a JSON file): say what fused MoE kernels take "
                      "at least, where their arguments tell the shape");
  command->add_flag("--per-device", options->per_device,
                    "Print a block of figures for every device instead of a table");
  command->add_flag("--scopes", options->scopes,
                    "Also list annotations, layers, micro-batches and phases");
  add_run_options(*command, options->runs);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
