// moescope steps: the forward passes of a trace, the critical path of one, and how it differs from
// another.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "app/commands/trace/comparison_output.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/compare/step_pair.h"
#include "core/analysis/critical_path/critical_path.h"
#include "core/analysis/steps/step_standing.h"
#include "core/analysis/steps/steps.h"
#include "core/error.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

struct StepsOptions {
  std::vector<std::string> files;
  RunChoice runs;
  std::optional<std::uint64_t> step;
  std::string phase, against, rules;
  int rows = 15;
  bool json = false;
};

std::string text(TimeNs ns) {
  return duration_text(static_cast<double>(ns));
}

Json step_json(const TraceStep& step, bool outlier) {
  Json devices = Json::array();
  for (const StepOnDevice& device : step.devices) {
    Json json = {{"process", device.key.process},
                 {"device", device.key.device},
                 {"begin_ns", device.range.begin},
                 {"end_ns", device.range.end}};
    json.update(figures_json(device.figures));
    devices.push_back(std::move(json));
  }
  return {{"number", step.number},
          {"phase", step.phase.empty() ? Json() : Json(step.phase)},
          {"begin_ns", step.range.begin},
          {"end_ns", step.range.end},
          {"step_ns", step.range.length()},
          {"exposed_comm_ns", step.exposed()},
          {"compute_imbalance", nullable(step.compute_imbalance())},
          {"outlier", outlier},
          {"devices", std::move(devices)}};
}

Json path_json(const CriticalPath& path, const Trace& trace) {
  const auto device = [&](const DeviceKey& key) {
    return Json{{"process", trace.processes().at(key.process).label}, {"device", key.device}};
  };
  Json json = {{"begin_ns", path.window.begin}, {"end_ns", path.window.end}};
  json["shares"] = Json::array();
  for (const PathShare& share : path.shares)
    json["shares"].push_back({{"cause", to_string(share.cause)},
                              {"class", to_string(share.span_class)},
                              {"ns", share.time}});
  json["stragglers"] = Json::array();
  for (const Straggler& straggler : path.stragglers) {
    Json entry = device(straggler.device);
    entry["collectives"] = straggler.collectives;
    entry["waited_ns"] = straggler.waited;
    json["stragglers"].push_back(std::move(entry));
  }
  json["segments"] = Json::array();
  for (const PathSegment& segment : path.segments) {
    Json entry = device(segment.device);
    entry["begin_ns"] = segment.time.begin;
    entry["end_ns"] = segment.time.end;
    entry["cause"] = to_string(segment.cause);
    entry["class"] = to_string(segment.span_class);
    entry["kernel"] = segment.span.valid() ? Json(trace.name(segment.span)) : Json();
    json["segments"].push_back(std::move(entry));
  }
  return json;
}

void print_steps(const TraceSteps& steps, const std::vector<std::size_t>& outliers) {
  if (steps.steps.empty()) {
    fmt::print(
        "no steps: the engine recorded none, no annotation is repeated, and the sequence of "
        "kernels does not repeat\n");
    return;
  }
  fmt::print("{} steps, from {}\n", steps.steps.size(), steps.how);
  for (const StepTimes& times : step_times(steps))
    fmt::print("{:<8} {} steps, p50 {}, p95 {}\n", times.phase.empty() ? "all" : times.phase,
               times.count, text(times.p50), text(times.p95));
  fmt::print("\n{:>8} {:<8} {:>14} {:>12} {:>14} {:>10}\n", "step", "phase", "begin ms", "time",
             "exposed, sum", "imbalance");
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    const TraceStep& step = steps.steps[i];
    const auto imbalance = step.compute_imbalance();
    fmt::print("{:>8} {:<8} {:>14.3f} {:>12} {:>14} {:>10}{}\n", step.number, step.phase,
               static_cast<double>(step.range.begin) / 1e6, text(step.range.length()),
               text(step.exposed()), imbalance ? fmt::format("{:.3f}", *imbalance) : "-",
               std::binary_search(outliers.begin(), outliers.end(), i) ? "  outlier" : "");
  }
}

void print_path(const CriticalPath& path, const Trace& trace) {
  fmt::print("\ncritical path of {}, by cause\n", text(path.window.length()));
  for (const PathShare& share : path.shares)
    fmt::print("  {:<10} {:<14} {:>12} {:>6.1f} %\n", to_string(share.cause),
               share.cause == PathCause::Idle ? "" : to_string(share.span_class), text(share.time),
               100 * static_cast<double>(share.time) / static_cast<double>(path.window.length()));
  for (const std::string& words : path_in_words(path, trace)) fmt::print("- {}\n", words);
}

std::size_t wanted_step(const StepsOptions& options, const TraceSteps& steps, std::uint64_t number,
                        const std::string& phase, const char* option) {
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    if (steps.steps[i].number == number && (phase.empty() || steps.steps[i].phase == phase))
      return i;
  throw Error(options.files.front(), option, fmt::format("there is no step {}", number),
              "Without --step all steps are listed");
}

/// The step that another one is held against: its number, in the same phase, or "median".
std::size_t step_against(const StepsOptions& options, const TraceSteps& steps, std::size_t step) {
  if (options.against == "median") {
    if (const auto median = median_step_beside(steps, step)) return *median;
    throw Error(options.files.front(), "--against", "there is no other step of its phase");
  }
  std::uint64_t number = 0;
  if (!CLI::detail::lexical_cast(options.against, number))
    throw CLI::ValidationError("--against", "takes the number of a step, or median");
  return wanted_step(options, steps, number, steps.steps[step].phase, "--against");
}

void compare_two_steps(const StepsOptions& options, const TracePtr& trace, const RuleSet& rules) {
  const CompareSide whole = compare_side(trace, rules, command_progress());
  const std::size_t step =
      wanted_step(options, whole.steps, *options.step, options.phase, "--step");
  const std::size_t against = step_against(options, whole.steps, step);
  const Comparison comparison = compare_steps(whole, against, step, command_progress());
  command_progress().report(1, "done");
  if (options.json)
    return print_json(comparison_json(side_json(step_side(whole, against, step)),
                                      side_json(step_side(whole, step, against)), comparison));
  const auto words = [&](std::size_t index) {
    return fmt::format("{} of {}", step_words(whole.steps.steps[index]), options.files.front());
  };
  print_comparison(words(against), words(step), comparison, options.rows);
}

CriticalPath path_of(const Trace& trace, const Classification& classes, const TraceStep& step) {
  const FlowIndex flows(trace, classes, command_progress());
  std::vector<DeviceKey> devices;
  for (const StepOnDevice& device : step.devices) devices.push_back(device.key);
  return critical_path(trace, classes, flows, devices, step.range, command_progress());
}

void run(const StepsOptions& options) {
  const RuleSet rules = options.rules.empty() ? RuleSet::built_in() : read_rules(options.rules);
  if (!options.against.empty() && !options.step)
    throw CLI::ValidationError("--against", "needs --step");
  const TracePtr trace = open_files(options.files, {}, options.runs, command_progress());
  if (!options.against.empty()) return compare_two_steps(options, trace, rules);
  const Classification classes(*trace, rules);
  const OverlapResults overlap =
      analyze_overlap_and_scopes(*trace, classes, {}, command_progress());
  const TraceSteps steps = find_steps(*trace, overlap.activity, overlap.scopes, command_progress());
  const auto outliers = steps.outliers();
  std::optional<CriticalPath> path;
  if (options.step)
    path =
        path_of(*trace, classes,
                steps.steps[wanted_step(options, steps, *options.step, options.phase, "--step")]);
  command_progress().report(1, "done");
  if (!options.json) {
    if (!path) return print_steps(steps, outliers);
    return print_path(*path, *trace);
  }
  Json document = {{"schema", 1},
                   {"files", trace->info().files},
                   {"source", steps.source ? Json(to_string(*steps.source)) : Json()},
                   {"how", steps.how},
                   {"steps", Json::array()},
                   {"critical_path", path ? path_json(*path, *trace) : Json()}};
  for (std::size_t i = 0; i < steps.steps.size(); ++i)
    document["steps"].push_back(
        step_json(steps.steps[i], std::binary_search(outliers.begin(), outliers.end(), i)));
  print_json(document);
}

}  // namespace

void register_steps(CLI::App& app) {
  auto* command = app.add_subcommand(
      "steps",
      "The forward passes of a trace: time, exposed communication, outliers; of one its critical "
      "path, or what differs between it and another");
  auto options = std::make_shared<StepsOptions>();
  command->add_option("FILE", options->files, "Trace files or folders")->required();
  command->add_option("--step", options->step, "Number of the step whose critical path to print");
  command->add_option("--against", options->against,
                      "Hold the step against this one of its phase, by number, or against the "
                      "\"median\" one");
  command->add_option("--phase", options->phase, "Where prefill and decode count apart: which")
      ->check(CLI::IsMember({"prefill", "decode"}));
  command->add_option("--rules", options->rules,
                      "Classification rules (JSON) instead of the built-in ones");
  command->add_option("--rows", options->rows, "With --against: most changes of parts to print")
      ->capture_default_str();
  add_merge_option(*command, options->runs);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
