// moescope info: the contents of a trace.
#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/overlap/losses.h"
#include "core/analysis/overlap/paced_links.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}
Json positive_or_null(std::int64_t value) {
  return value > 0 ? Json(value) : Json();
}

/// Spans by kind, and how many of each process.
struct SpanCounts {
  std::array<std::uint64_t, kSpanKindCount> by_kind{};
  std::vector<std::uint64_t> by_process;
};

SpanCounts count_spans(const Trace& trace) {
  SpanCounts counts;
  counts.by_process.resize(trace.processes().size());
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    const ProcessId process = trace.tracks()[track].process;
    if (process < counts.by_process.size()) counts.by_process[process] += trace.span_count(track);
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      for (const SpanKind kind : chunk.columns().kind)
        ++counts.by_kind[static_cast<std::size_t>(kind)];
      return true;
    });
  }
  return counts;
}

Json process_json(const Trace& trace, ProcessId id, const SpanCounts& counts) {
  const Process& process = trace.processes()[id];
  const auto& files = trace.info().files;
  const auto file = static_cast<std::size_t>(process.file);
  return {{"process", process.label},
          {"pid", text_or_null(process.pid)},
          {"name", text_or_null(process.name)},
          {"rank", nullable(process.rank)},
          {"world_size", positive_or_null(process.world_size)},
          {"file", file < files.size() ? Json(files[file]) : Json()},
          {"spans", counts.by_process[id]}};
}

Json device_json(const Trace& trace, const Device& device) {
  const Process& process = trace.processes().at(device.process);
  Json json = {{"process", process.label},
               {"rank", process.rank ? Json(*process.rank) : Json()},
               {"device", device.index},
               {"name", text_or_null(device.name)},
               {"uuid", text_or_null(device.uuid)},
               {"sm_count", positive_or_null(device.sm_count)},
               {"on_cpu", device.on_cpu}};
  json["compute_capability"] =
      device.compute_major > 0
          ? Json(fmt::format("{}.{}", device.compute_major, device.compute_minor))
          : Json();
  return json;
}

Json alignment_list(const TraceInfo& info) {
  Json list = Json::array();
  for (const auto& alignment : info.alignments) {
    const auto file = static_cast<std::size_t>(alignment.file);
    const bool matched = alignment.matched_collectives > 0;
    list.push_back({{"file", file < info.files.size() ? Json(info.files[file]) : Json()},
                    {"offset_ns", alignment.offset},
                    {"matched_collectives", alignment.matched_collectives},
                    {"residual_ns", matched ? Json(alignment.residual) : Json()},
                    {"method", alignment.method}});
  }
  return list;
}

Json info_json(const Trace& trace) {
  const TraceInfo& info = trace.info();
  const SpanCounts counts = count_spans(trace);
  Json json = {{"schema", 1},
               {"files", info.files},
               {"format", text_or_null(info.format)},
               {"producer", text_or_null(info.producer)},
               {"start_epoch_ns", info.start_epoch_ns ? Json(*info.start_epoch_ns) : Json()},
               {"events", info.events},
               {"spans", trace.span_count()}};
  json["spans_by_kind"] = Json::object();
  for (int kind = 0; kind < kSpanKindCount; ++kind)
    if (const auto count = counts.by_kind[static_cast<std::size_t>(kind)]; count > 0)
      json["spans_by_kind"][to_string(static_cast<SpanKind>(kind))] = count;
  json["time_range"] = {{"begin_ns", trace.range().begin}, {"end_ns", trace.range().end}};
  json["ranks"] = Json::array();
  for (ProcessId id = 0; id < trace.processes().size(); ++id)
    json["ranks"].push_back(process_json(trace, id, counts));
  json["devices"] = Json::array();
  for (const auto& device : trace.devices()) json["devices"].push_back(device_json(trace, device));
  json["tracks"] = trace.tracks().size();
  json["counters"] = trace.counters().size();
  json["sm_records"] = trace.sm_records().size();
  json["skipped"] = skipped_json(trace);
  json["losses"] = losses_json(trace, trace.losses());
  json["warnings"] = info.warnings;
  json["alignments"] = alignment_list(info);
  json["extra"] = info.extra;
  json["paced_links"] = text_or_null(paced_links_text(info));
  return json;
}

std::string shown(const Json& value) {
  if (value.is_null()) return "unknown";
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void print_text(const Json& json, const Trace& trace) {
  for (const auto& file : json["files"]) fmt::print("file       {}\n", shown(file));
  fmt::print("format     {}\n", shown(json["format"]));
  fmt::print("producer   {}\n", shown(json["producer"]));
  fmt::print("length     {:.3f} ms\n",
             static_cast<double>(json["time_range"]["end_ns"].get<std::int64_t>() -
                                 json["time_range"]["begin_ns"].get<std::int64_t>()) /
                 1e6);
  fmt::print("events     {} read, {} spans on {} tracks\n", shown(json["events"]),
             shown(json["spans"]), shown(json["tracks"]));
  for (const auto& [kind, count] : json["spans_by_kind"].items())
    fmt::print("  {:<16} {:>12}\n", kind, shown(count));
  for (const auto& rank : json["ranks"])
    fmt::print("process    {}: {} spans\n", shown(rank["process"]), shown(rank["spans"]));
  for (const auto& device : json["devices"])
    fmt::print("device     {} {}: {}, {} {}\n", shown(device["process"]),
               device["on_cpu"] == true ? "CPU" : "GPU " + shown(device["device"]),
               shown(device["name"]), shown(device["sm_count"]),
               device["on_cpu"] == true ? "workers" : "SMs");
  for (const auto& [reason, count] : trace.info().skipped)
    fmt::print("skipped    {} events: {}\n", count, shown(reason));
  for (const LossSummary& lost : summarise(trace.losses()))
    fmt::print("lost       {}\n", describe(lost, trace));
  for (const auto& alignment : json["alignments"])
    fmt::print("clock      {}: offset {} ns, {} collectives, residual {} ns, {}\n",
               shown(alignment["file"]), shown(alignment["offset_ns"]),
               shown(alignment["matched_collectives"]), shown(alignment["residual_ns"]),
               shown(alignment["method"]));
  if (!json["paced_links"].is_null()) fmt::print("links      {}\n", shown(json["paced_links"]));
  for (const auto& warning : json["warnings"]) fmt::print("warning    {}\n", shown(warning));
}

struct InfoOptions {
  std::vector<std::string> files;
  RunChoice runs;
  bool json = false;
};

void run(const InfoOptions& options) {
  RunPrinter printer(options.runs.separate, options.json);
  open_each_run(options.files, {}, options.runs, command_progress(), [&](const TracePtr& trace) {
    Json json = info_json(*trace);
    if (!options.json) {
      printer.begin_run(*trace);
      print_text(json, *trace);
    }
    printer.add(std::move(json));
  });
  printer.finish();
}

}  // namespace

void register_info(CLI::App& app) {
  auto options = std::make_shared<InfoOptions>();
  auto* command = app.add_subcommand(
      "info", "Show the contents of traces: format, producer, ranks, devices, counts, warnings");
  command->add_option("FILE", options->files, "Trace files or folders")->required();
  add_run_options(*command, options->runs);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
