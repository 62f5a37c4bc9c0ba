#include "app/commands/json_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/analysis/overlap/losses.h"
#include "core/plain_text.h"

namespace moescope {

Json skipped_json(const Trace& trace) {
  Json list = Json::array();
  for (const auto& [reason, count] : trace.info().skipped)
    list.push_back({{"reason", reason}, {"count", count}});
  for (const LossSummary& lost : summarise(trace.losses()))
    if (lost.count.value_or(0) > 0)
      list.push_back({{"reason", fmt::format("{}: {}", to_string(lost.kind), lost.reason)},
                      {"count", *lost.count}});
  return list;
}

Json losses_json(const Trace& trace, const std::vector<Loss>& losses) {
  Json list = Json::array();
  for (const Loss& loss : losses) {
    const Process* process = loss.process && *loss.process < trace.processes().size()
                                 ? &trace.processes()[*loss.process]
                                 : nullptr;
    const bool track = loss.track && *loss.track < trace.tracks().size();
    list.push_back({{"kind", to_string(loss.kind)},
                    {"process", process != nullptr ? Json(process->label) : Json()},
                    {"rank", process != nullptr ? nullable(process->rank) : Json()},
                    {"track", track ? Json(trace.path(*loss.track)) : Json()},
                    {"begin_ns", loss.when.begin},
                    {"end_ns", loss.when.end},
                    {"count", nullable(loss.count)},
                    {"reason", loss.reason}});
  }
  return list;
}

Json figures_json(const OverlapFigures& f) {
  Json percent;
  if (const auto p = f.overlap_percent()) percent = std::round(*p * 1e4) / 1e4;
  Json json = {{"span_ns", f.span},       {"busy_ns", f.busy},
               {"idle_ns", f.idle},       {"compute_ns", f.compute},
               {"comm_ns", f.comm},       {"memory_ns", f.memory},
               {"overlap_ns", f.overlap}, {"exposed_comm_ns", f.exposed},
               {"overlap_pct", percent},  {"comm_wait_ns", f.wait}};
  // Traces without fused kernels have the figures of before, to the letter.
  if (const auto fused = f.fused_percent())
    json["not_observable"] = {{"kernels", f.fused_events},
                              {"fused_ns", f.fused},
                              {"comm_pct", std::round(*fused * 1e4) / 1e4}};
  return json;
}

Json sm_json(const SmAllocation& a) {
  std::vector<std::pair<std::pair<int, int>, TimeNs>> pairs(a.time_at.begin(), a.time_at.end());
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& x, const auto& y) { return x.second > y.second; });
  Json list = Json::array();
  for (const auto& [sms, ns] : pairs)
    list.push_back({{"comm", sms.first}, {"compute", sms.second}, {"ns", ns}});
  return {{"method", to_string(a.method)},
          {"comm_sm_ns", a.comm_sm_ns},
          {"compute_sm_ns", a.compute_sm_ns},
          {"free_sm_ns", a.free_sm_ns},
          {"oversubscribed_ns", a.oversubscribed},
          {"exact_ns", a.exact},
          {"caveats", a.caveats},
          {"pairs", list}};
}

void RunPrinter::begin_run(const Trace& trace) {
  if (!separate_) return;
  std::string files;
  for (const auto& file : trace.info().files) files += (files.empty() ? "" : ", ") + file;
  fmt::print("{}run {}: {}\n", runs_ > 0 ? "\n" : "", runs_ + 1, files);
  ++runs_;
}

void RunPrinter::add(Json document) {
  if (!json_) return;
  if (separate_)
    documents_.push_back(std::move(document));
  else
    print_json(document);
}

void RunPrinter::finish() const {
  if (json_ && separate_) print_json({{"schema", 1}, {"runs", documents_}});
}

void print_json(const Json& document) {
  const std::string text =
      printable_json(document.dump(2, ' ', false, Json::error_handler_t::replace));
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

}  // namespace moescope
