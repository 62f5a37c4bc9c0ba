#include "app/commands/cluster/cluster_commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "app/commands/cluster/apply_effect.h"
#include "app/commands/json_output.h"
#include "core/placement/plan_figures.h"

namespace moescope {
namespace {

/// Null for "not measured", which is 0 on the wire.
Json measured(double value) {
  return value > 0 ? Json(value) : Json();
}

Json workers_json(const NodeWorkers& w) {
  return {{"workers", w.workers}, {"communication", w.communication}};
}

}  // namespace

void add_node_options(CLI::App& command, NodeOptions& options) {
  command.add_option("TARGET", options.target, "unix:PATH or HOST:PORT of a moescope-node")
      ->required();
  PeerFiles& files = options.connect.files;
  command.add_option("--token-file", files.token, "Token of a node on a TCP port of this machine");
  command.add_option("--tls-ca", files.tls_ca, "Certificates of the authority, PEM");
  command.add_option("--tls-cert", files.tls_cert, "Own certificate, PEM");
  command.add_option("--tls-key", files.tls_key, "Key of your certificate, PEM");
  command.add_flag("--json", options.json, "Print one JSON document");
}

std::shared_ptr<ClusterClient> connect_node(const NodeOptions& options) {
  return ClusterClient::connect(options.target, options.connect);
}

Json change_json(const NodePlanChange& c) {
  const auto step = [](std::uint32_t number) { return number > 0 ? Json(number) : Json(); };
  return {{"ticket", c.ticket > 0 ? Json(c.ticket) : Json()},
          {"who", c.who},
          {"name", c.name},
          {"phase", to_string(c.phase)},
          {"reason", c.reason.empty() ? Json() : Json(c.reason)},
          {"base_epoch", c.base_epoch},
          {"epoch", c.epoch},
          {"copies", c.moves},
          {"bytes", c.bytes_total},
          {"bytes_done", c.bytes_done},
          {"ib_bytes", c.ib_bytes},
          {"commit_step", {{"prefill", step(c.prefill_step)}, {"decode", step(c.decode_step)}}},
          {"slots", c.slot_count},
          {"slots_verified", c.slots_probed},
          {"wall_ns", c.wall_ns > 0 ? Json(c.wall_ns) : Json()},
          {"seconds", c.seconds},
          {"tpot_before_s", measured(c.tpot_before)},
          {"tpot_during_s", measured(c.tpot_during)},
          {"tpot_after_s", measured(c.tpot_after)},
          {"effect", c.effect ? effect_json(*c.effect) : Json()}};
}

Json node_json(const NodeStatus& s) {
  Json units = Json::array(), ranks = Json::array(), viewers = Json::array(),
       history = Json::array(), hung = Json::array();
  for (const NodeUnit& u : s.units)
    units.push_back({{"unit", to_string(u.kind)},
                     {"steps", u.steps},
                     {"steps_per_second", u.steps_per_second},
                     {"tokens_per_second", u.tokens_per_second},
                     {"imbalance", u.imbalance},
                     {"requested", workers_json(u.requested)},
                     {"granted", workers_json(u.granted)},
                     {"observed", workers_json(u.observed)}});
  for (const NodeRank& r : s.ranks)
    ranks.push_back({{"rank", r.rank},
                     {"node", r.node},
                     {"unit", to_string(r.unit)},
                     {"tokens", r.tokens},
                     {"dropped", r.dropped}});
  for (const NodeHungRank& h : s.hung)
    hung.push_back({{"rank", h.rank},
                    {"process_id", h.process_id},
                    {"host", h.host},
                    {"seconds", h.seconds},
                    {"reason", to_string(h.reason)}});
  for (const ViewerStatus& v : s.viewers)
    viewers.push_back({{"peer", v.peer},
                       {"batches", v.sent_batches},
                       {"dropped_batches", v.dropped_batches},
                       {"dropped_spans", v.dropped_spans}});
  for (const NodePlanChange& c : s.history) history.push_back(change_json(c));
  return {{"version", s.version},
          {"run", fmt::format("{:016x}", s.run)},
          {"model", s.model},
          {"backend", s.backend},
          {"serving", s.serving},
          {"seconds", s.seconds},
          {"epoch", s.epoch},
          {"overlap", s.overlap},
          {"recorded_detail", s.detail ? Json(to_string(*s.detail)) : Json()},
          {"paced_links", s.links.empty() ? Json() : Json(s.links)},
          {"workload", s.workload},
          {"requests",
           {{"arrived", nullable(s.arrived)},
            {"waiting", nullable(s.waiting)},
            {"decoding", nullable(s.decoding)},
            {"finished", nullable(s.finished)}}},
          {"cache_use", nullable(s.cache_use)},
          {"ttft_p50_s", measured(s.ttft_p50)},
          {"ttft_p95_s", measured(s.ttft_p95)},
          {"tpot_p50_s", measured(s.tpot_p50)},
          {"tpot_p95_s", measured(s.tpot_p95)},
          {"within_target", s.finished.value_or(0) > 0 ? Json(s.within_target) : Json()},
          {"dropped", s.dropped},
          {"expert_bytes", s.expert_bytes},
          {"units", units},
          {"ranks", ranks},
          {"notices", s.notices},
          {"hung_ranks", hung},
          {"viewers", viewers},
          {"history", history}};
}

int units_of(const NodeStatus& status) {
  return std::max(1, static_cast<int>(status.units.size()));
}

std::string change_line(const NodePlanChange& c, int units) {
  std::string line;
  if (c.wall_ns > 0)
    line = fmt::format("{:%Y-%m-%d %H:%M:%S} ",
                       fmt::localtime(static_cast<std::time_t>(c.wall_ns / 1'000'000'000)));
  line += fmt::format("{} \"{}\": {}", c.who, c.name, to_string(c.phase));
  if (!c.reason.empty()) line += ": " + c.reason;
  if (!c.reason.empty() && !c.in_force()) return line;
  line +=
      fmt::format(", epoch {} -> {}, {}", c.base_epoch, c.epoch,
                  copies_text(copies_of_node(c.moves, static_cast<double>(c.bytes_total), units)));
  if (c.slots_probed > 0)
    line += fmt::format(", {} of {} slots verified", c.slots_probed, c.slot_count);
  return line;
}

}  // namespace moescope
