#include "core/cluster/wire/wire_types.h"

#include <fmt/format.h>

#include <cmath>

#include "core/cluster/wire/wire_enums.h"
#include "core/error.h"

namespace moescope {
namespace {

/// The value of an enum that a peer sent. Throws Error when it is unknown.
template <typename Number>
auto known(Number number, const char* what) {
  const auto value = from_wire(number);
  if (!value)
    throw Error(
        "", what,
        fmt::format("is number {}, which this program does not know", static_cast<int>(number)),
        "Update the older of the two programs");
  return *value;
}

NodeWorkers decode(const wire::Workers& w) {
  return {w.workers(), w.communication()};
}
void encode(const NodeWorkers& w, wire::Workers& out) {
  out.set_workers(w.workers);
  out.set_communication(w.communication);
}

void encode(const NodeUnit& u, wire::Unit& out) {
  out.set_kind(wire_number(u.kind));
  out.set_steps(u.steps);
  out.set_steps_per_second(u.steps_per_second);
  out.set_tokens_per_second(u.tokens_per_second);
  out.mutable_imbalance()->Add(u.imbalance.begin(), u.imbalance.end());
  encode(u.requested, *out.mutable_requested());
  encode(u.granted, *out.mutable_granted());
  encode(u.observed, *out.mutable_observed());
}

NodeUnit decode(const wire::Unit& u) {
  return {known(u.kind(), "kind of a unit"),
          u.steps(),
          u.steps_per_second(),
          u.tokens_per_second(),
          {u.imbalance().begin(), u.imbalance().end()},
          decode(u.requested()),
          decode(u.granted()),
          decode(u.observed())};
}

void encode(const EffectFigure& f, wire::Figure& out) {
  if (f.before) out.set_before(*f.before);
  if (f.predicted) out.set_predicted(*f.predicted);
  if (f.measured) out.set_measured(*f.measured);
  if (f.error) out.set_error(*f.error);
}

EffectFigure decode(const wire::Figure& f) {
  const auto value = [](bool has, double v) {
    return has && std::isfinite(v) ? std::optional(v) : std::nullopt;
  };
  return {value(f.has_before(), f.before()), value(f.has_predicted(), f.predicted()),
          value(f.has_measured(), f.measured()), value(f.has_error(), f.error())};
}

template <typename Texts>
std::vector<std::string> decode_texts(const Texts& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts)
    if (out.size() < kMaxEffectTexts && text.size() <= kMaxEffectText) out.push_back(text);
  return out;
}

}  // namespace

void encode(const PlanEffect& e, wire::Effect& out) {
  encode(e.imbalance, *out.mutable_imbalance());
  encode(e.decode_step, *out.mutable_decode_step());
  encode(e.node_traffic, *out.mutable_node_traffic());
  encode(e.rank_traffic, *out.mutable_rank_traffic());
  out.mutable_notes()->Add(e.notes.begin(), e.notes.end());
  out.mutable_fitted()->Add(e.fitted.begin(), e.fitted.end());
}

PlanEffect decode(const wire::Effect& e) {
  return {decode(e.imbalance()),    decode(e.decode_step()), decode(e.node_traffic()),
          decode(e.rank_traffic()), decode_texts(e.notes()), decode_texts(e.fitted())};
}

void encode(const NodePlanChange& c, wire::PlanChange& out) {
  out.set_ticket(c.ticket);
  out.set_who(c.who);
  out.set_name(c.name);
  out.set_phase(wire_number(c.phase));
  out.set_reason(c.reason);
  out.set_base_epoch(c.base_epoch);
  out.set_epoch(c.epoch);
  out.set_moves(c.moves);
  out.set_bytes_done(c.bytes_done);
  out.set_bytes_total(c.bytes_total);
  out.set_ib_bytes(c.ib_bytes);
  out.set_prefill_step(c.prefill_step);
  out.set_decode_step(c.decode_step);
  out.set_slots(c.slot_count);
  out.set_slots_probed(c.slots_probed);
  out.set_wall_ns(c.wall_ns);
  out.set_seconds(c.seconds);
  out.set_tpot_before(c.tpot_before);
  out.set_tpot_during(c.tpot_during);
  out.set_tpot_after(c.tpot_after);
  if (c.effect) encode(*c.effect, *out.mutable_effect());
}

NodePlanChange decode(const wire::PlanChange& c) {
  NodePlanChange out;
  out.ticket = c.ticket();
  out.who = c.who();
  out.name = c.name();
  out.phase = known(c.phase(), "phase of a change of plan");
  out.reason = c.reason();
  out.base_epoch = c.base_epoch();
  out.epoch = c.epoch();
  out.moves = c.moves();
  out.bytes_done = c.bytes_done();
  out.bytes_total = c.bytes_total();
  out.ib_bytes = c.ib_bytes();
  out.prefill_step = c.prefill_step();
  out.decode_step = c.decode_step();
  out.slot_count = c.slots();
  out.slots_probed = c.slots_probed();
  out.wall_ns = c.wall_ns();
  out.seconds = c.seconds();
  out.tpot_before = c.tpot_before();
  out.tpot_during = c.tpot_during();
  out.tpot_after = c.tpot_after();
  if (c.has_effect()) out.effect = decode(c.effect());
  return out;
}

void encode(const PlanOutcome& o, wire::PlanOutcome& out) {
  out.set_done(o.done);
  encode(o.change, *out.mutable_change());
}
PlanOutcome decode(const wire::PlanOutcome& o) {
  return {o.done(), decode(o.change())};
}

void encode(const PlanRequest& r, wire::ApplyRequest& out) {
  out.set_plan_json(r.plan_json);
  out.set_name(r.name);
  if (r.base_epoch) out.set_base_epoch(*r.base_epoch);
  out.set_dry_run(r.dry_run);
}
PlanRequest decode(const wire::ApplyRequest& r) {
  PlanRequest out{r.plan_json(), r.name(), std::nullopt, r.dry_run()};
  if (r.has_base_epoch()) out.base_epoch = r.base_epoch();
  return out;
}

void encode(const NodeSettings& s, wire::NodeSettings& out) {
  if (s.overlap) out.set_overlap(*s.overlap);
  if (s.workers) out.set_workers(*s.workers);
  if (s.comm_workers) out.set_comm_workers(*s.comm_workers);
  if (s.workload) out.set_workload(*s.workload);
}
NodeSettings decode(const wire::NodeSettings& s) {
  NodeSettings out;
  if (s.has_overlap()) out.overlap = s.overlap();
  if (s.has_workers()) out.workers = s.workers();
  if (s.has_comm_workers()) out.comm_workers = s.comm_workers();
  if (s.has_workload()) out.workload = s.workload();
  return out;
}

void encode(const NodeStatus& s, wire::NodeStatus& out) {
  out.set_version(s.version);
  out.set_model(s.model);
  out.set_backend(s.backend);
  out.set_run(s.run);
  out.set_serving(s.serving);
  out.set_seconds(s.seconds);
  out.set_epoch(s.epoch);
  out.set_overlap(s.overlap);
  out.set_links(s.links);
  if (s.detail) out.set_detail(wire_number(*s.detail));
  out.set_workload(s.workload);
  if (s.arrived) out.set_arrived(*s.arrived);
  if (s.waiting) out.set_waiting(*s.waiting);
  if (s.decoding) out.set_decoding(*s.decoding);
  if (s.finished) out.set_finished(*s.finished);
  if (s.cache_use) out.set_cache_use(*s.cache_use);
  out.set_ttft_p50(s.ttft_p50);
  out.set_ttft_p95(s.ttft_p95);
  out.set_tpot_p50(s.tpot_p50);
  out.set_tpot_p95(s.tpot_p95);
  out.set_within_target(s.within_target);
  out.set_dropped(s.dropped);
  out.set_expert_bytes(s.expert_bytes);
  out.set_cores(s.cores);
  for (const auto& unit : s.units) encode(unit, *out.add_units());
  for (const auto& r : s.ranks) {
    auto& rank = *out.add_ranks();
    rank.set_rank(r.rank);
    rank.set_node(r.node);
    rank.set_unit(wire_number(r.unit));
    rank.set_dropped(r.dropped);
    rank.set_tokens(r.tokens);
  }
  for (const auto& h : s.hung) {
    auto& hung = *out.add_hung();
    hung.set_rank(h.rank);
    hung.set_process_id(h.process_id);
    hung.set_host(h.host);
    hung.set_seconds(h.seconds);
    hung.set_reason(wire_number(h.reason));
  }
  for (const auto& v : s.viewers) {
    auto& viewer = *out.add_viewers();
    viewer.set_peer(v.peer);
    viewer.set_sent_batches(v.sent_batches);
    viewer.set_dropped_batches(v.dropped_batches);
    viewer.set_dropped_spans(v.dropped_spans);
  }
  for (const auto& change : s.history) encode(change, *out.add_history());
  out.set_plan_json(s.plan_json);
  out.set_previous_plan_json(s.previous_plan_json);
  out.mutable_notices()->Add(s.notices.begin(), s.notices.end());
}

void fit_status(wire::NodeStatus& status, std::size_t limit) {
  auto& history = *status.mutable_history();
  while (status.ByteSizeLong() > limit && !history.empty())
    history.DeleteSubrange(0, (history.size() + 1) / 2);
  if (status.ByteSizeLong() > limit) status.clear_previous_plan_json();
  if (status.ByteSizeLong() > limit) status.clear_plan_json();
}

NodeStatus decode(const wire::NodeStatus& s) {
  NodeStatus out;
  out.version = s.version();
  out.model = s.model();
  out.backend = s.backend();
  out.run = s.run();
  out.serving = s.serving();
  out.seconds = s.seconds();
  out.epoch = s.epoch();
  out.overlap = s.overlap();
  out.links = s.links();
  if (s.detail() != wire::RECORDED_DETAIL_UNSPECIFIED)
    out.detail = known(s.detail(), "detail of the recording");
  out.workload = s.workload();
  if (s.has_arrived()) out.arrived = s.arrived();
  if (s.has_waiting()) out.waiting = s.waiting();
  if (s.has_decoding()) out.decoding = s.decoding();
  if (s.has_finished()) out.finished = s.finished();
  if (s.has_cache_use()) out.cache_use = s.cache_use();
  out.ttft_p50 = s.ttft_p50();
  out.ttft_p95 = s.ttft_p95();
  out.tpot_p50 = s.tpot_p50();
  out.tpot_p95 = s.tpot_p95();
  out.within_target = s.within_target();
  out.dropped = s.dropped();
  out.expert_bytes = s.expert_bytes();
  out.cores = s.cores();
  for (const auto& unit : s.units()) out.units.push_back(decode(unit));
  for (const auto& r : s.ranks())
    out.ranks.push_back(
        {r.rank(), r.node(), known(r.unit(), "unit of a rank"), r.dropped(), r.tokens()});
  for (const auto& h : s.hung())
    out.hung.push_back(
        {h.rank(), h.process_id(), h.host(), h.seconds(), known(h.reason(), "reason of a hang")});
  for (const auto& v : s.viewers())
    out.viewers.push_back({v.peer(), v.sent_batches(), v.dropped_batches(), v.dropped_spans()});
  for (const auto& change : s.history()) out.history.push_back(decode(change));
  out.plan_json = s.plan_json();
  out.previous_plan_json = s.previous_plan_json();
  out.notices = {s.notices().begin(), s.notices().end()};
  return out;
}

}  // namespace moescope
