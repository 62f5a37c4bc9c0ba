#include "core/agent/engine/engine_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/placement/evaluate.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxHistory = 256;
constexpr double kVerifySeconds = 10;  ///< for every rank to report the plan's map

}  // namespace

double EngineWatch::Rank::passes_per_second() const {
  const double seconds = alive - alive_before;
  if (seconds <= 0 || passes < passes_before) return 0;
  return static_cast<double>(passes - passes_before) / seconds;
}

const EngineWatch::Rank* EngineWatch::lead() const {
  const auto found = ranks_.find(0);
  return found != ranks_.end() && found->second.peer >= 0 ? &found->second : nullptr;
}

EngineWatch::Rank* EngineWatch::rank_of(int peer) {
  for (auto& [number, rank] : ranks_)
    if (rank.peer == peer) return &rank;
  return nullptr;
}

std::size_t EngineWatch::connected() const {
  return static_cast<std::size_t>(std::count_if(
      ranks_.begin(), ranks_.end(), [](const auto& entry) { return entry.second.peer >= 0; }));
}

void EngineWatch::hello(int peer, RankHello hello, double now) {
  if (engine_ && connected() > 0 &&
      (hello.engine != engine_->engine || hello.instance != engine_->instance ||
       hello.size != engine_->size || hello.layers != engine_->layers ||
       hello.slots != engine_->slots || hello.experts != engine_->experts)) {
    stranger_ = fmt::format("{} {} (process {})", hello.engine, hello.instance, hello.process_id);
    throw Error(stranger_, "", "is not the engine that is connected already",
                "Give every group of ranks an agent and a socket of its own");
  }
  const auto known = ranks_.find(hello.rank);
  if (known != ranks_.end() && known->second.peer >= 0) {
    stranger_ = fmt::format("a second rank {} (process {})", hello.rank, hello.process_id);
    throw Error(stranger_, "", "connects while the first is connected",
                "Give every group of ranks an agent and a socket of its own");
  }
  if (engine_ && connected() == 0 &&
      (hello.layers != engine_->layers || hello.slots != engine_->slots ||
       hello.experts != engine_->experts || hello.size != engine_->size))
    forget_engine(now);
  if (hello.rank == 0) lead_hello(hello, now);
  Rank rank;
  rank.peer = peer;
  rank.passes = rank.passes_before = hello.passes;
  rank.alive = rank.alive_before = now;
  rank.digest = hello.digest;
  rank.hold = hello.hold;
  rank.hello = std::move(hello);
  rank.hello.map.clear();
  ranks_[rank.hello.rank] = std::move(rank);
  verify(now);
}

/// Another engine than before listens to this agent: what is known of the old one means nothing.
void EngineWatch::forget_engine(double now) {
  if (Change* change = open_change())
    finish(*change, PlanPhase::RolledBack, "the engine was replaced by one of another shape", now);
  ranks_.clear();
  engine_.reset();
  rows_.clear();
  imbalance_.clear();
  gpu_tokens_.clear();
  previous_.reset();
  before_.reset();
  saved_digest_.reset();
}

void EngineWatch::lead_hello(const RankHello& hello, double now) {
  const bool first = !engine_, restarted = engine_ && engine_->process_id != hello.process_id;
  engine_ = hello;
  engine_->map.clear();
  if (first) first_seen_ = now;
  if ((first || restarted) && listener_ != nullptr) listener_->engine_known(hello);
  const bool same = first ? !saved_digest_ || *saved_digest_ == hello.digest
                          : !restarted && digest_ == hello.digest;
  if (same) {
    rows_ = hello.map;
    digest_ = hello.digest;
    if (first && listener_ != nullptr)
      listener_->plan_in_force(epoch_, fmt::format("epoch {}", epoch_), plan_of(rows_), now);
  } else {
    if (restarted) previous_.reset();  // it starts with a map of its own, and holds none
    take_map(hello.map, hello.digest, "the engine's map", now);
  }
  Change* change = open_change();
  if (change == nullptr) return;
  if (restarted)
    return finish(*change, PlanPhase::RolledBack, "the engine was restarted with a map of its own",
                  now);
  bool found = false;
  for (const RankHello::Outcome& outcome : hello.recent) {
    if (outcome.plan != change->id) continue;
    found = true;
    if (!change->seen.over())
      advance(*change, parse_plan_state_name(outcome.state, hello.engine), outcome.reason, now);
  }
  if (!found)
    finish(*change, PlanPhase::RolledBack,
           "the plan did not reach the engine: the connection broke", now);
}

void EngineWatch::gone(int peer, double now) {
  Rank* rank = rank_of(peer);
  if (rank == nullptr) return;
  rank->peer = -1;
  if (rank->hello.rank == 0)
    if (Change* change = open_change())
      change->seen.reason =
          "the connection to the engine is lost; what became of the plan is known when it is back";
  verify(now);
}

void EngineWatch::take_map(const EngineRows& rows, std::uint32_t digest, const std::string& name,
                           double now) {
  if (before_) {
    previous_ = std::move(before_);
    before_.reset();
  }
  rows_ = rows;
  digest_ = digest;
  ++epoch_;
  if (listener_ != nullptr) listener_->plan_in_force(epoch_, name, plan_of(rows_), now);
}

void EngineWatch::message(int peer, const RankMessage& message, double now) {
  Rank* rank = rank_of(peer);
  if (rank == nullptr) return;
  const int number = rank->hello.rank;
  if (const auto* layers = std::get_if<RankLayers>(&message)) {
    rank->hello.moe_layers = layers->moe_layers;
    if (number == 0) engine_->moe_layers = layers->moe_layers;
  } else if (const auto* map = std::get_if<RankMap>(&message)) {
    rank->digest = map->digest;
    Change* change = open_change();
    const bool planned = change != nullptr && map->plan == change->id;
    if (number == 0 && map->map && map->digest != digest_) {
      if (planned) before_ = Previous{rows_, rank->hold, fmt::format("epoch {}", epoch_)};
      take_map(*map->map, map->digest, planned ? change->seen.name : "the engine's map", now);
    }
    if (listener_ != nullptr)
      listener_->rank_moved(number, planned ? change->seen.name : "engine's own", map->moved,
                            now - map->milliseconds / 1e3, now);
    verify(now);
  } else if (const auto* loads = std::get_if<RankLoads>(&message)) {
    if (number == 0) take_loads(*loads, now);
  } else if (const auto* alive = std::get_if<RankAlive>(&message)) {
    rank->passes_before = rank->passes;
    rank->alive_before = rank->alive;
    rank->passes = alive->passes;
    rank->waits = alive->waits;
    rank->faults = alive->faults;
    rank->hold = alive->hold;
    rank->alive = now;
  } else if (const auto* state = std::get_if<RankPlanState>(&message)) {
    Change* change = open_change();
    if (number == 0 && change != nullptr && state->plan == change->id) {
      if (state->pass > 0)
        change->seen.prefill_step = change->seen.decode_step =
            static_cast<std::uint32_t>(state->pass);
      advance(*change, state->state, state->reason, now);
    }
  }
}

/// What the lead says of the plan, in the terms of a node's changes.
void EngineWatch::advance(Change& change, EnginePlanState state, const std::string& reason,
                          double now) {
  change.state = state;
  change.since = now;
  switch (state) {
    case EnginePlanState::Received:
      change.seen.reason.clear();
      return;
    case EnginePlanState::Voting:
      change.seen.phase = PlanPhase::Preparing;
      change.seen.reason.clear();
      return;
    case EnginePlanState::Committed:
      change.seen.phase = PlanPhase::Committing;
      change.seen.reason = "every rank agreed; it comes with its pass";
      return;
    case EnginePlanState::Refused:
      return finish(change, PlanPhase::Refused, reason, now);
    case EnginePlanState::Agreed:
      return finish(change, PlanPhase::Refused,
                    "every rank would take it, but the engine runs with MOESCOPE_MODE=suggest",
                    now);
    case EnginePlanState::Aborted:
      return finish(change, PlanPhase::RolledBack, reason, now);
    case EnginePlanState::NotInstalled:
      return finish(change, PlanPhase::RolledBack, "its pass came: " + reason, now);
    case EnginePlanState::Installed:
      change.seen.phase = PlanPhase::Verifying;
      change.seen.reason.clear();
      return verify(now);
  }
}

/// In force for good when every rank that is connected reports the map of the lead, and that is the
/// plan where experts are.
void EngineWatch::verify(double now) {
  Change* change = open_change();
  if (change == nullptr || change->state != EnginePlanState::Installed) return;
  for (const int row : moe_rows())
    if (rows_[static_cast<std::size_t>(row)] != change->rows[static_cast<std::size_t>(row)]) {
      change->seen.reason = "the first rank reports another map than the plan";
      return;
    }
  std::string others;
  for (const auto& [number, rank] : ranks_)
    if (rank.peer >= 0 && rank.digest != digest_)
      others += fmt::format("{}{}", others.empty() ? "" : ", ", number);
  if (!others.empty()) {
    if (now - change->since > kVerifySeconds)
      change->seen.reason = fmt::format("installed, but rank {} reports another map", others);
    return;
  }
  std::string reason;
  if (connected() < static_cast<std::size_t>(engine_->size))
    reason = fmt::format("{} of {} ranks report to this agent, and they have it", connected(),
                         engine_->size);
  finish(*change, PlanPhase::Released, reason, now);
}

void EngineWatch::finish(Change& change, PlanPhase phase, const std::string& reason, double now) {
  change.seen.phase = phase;
  change.seen.reason = reason;
  change.seen.epoch = change.seen.in_force() ? epoch_ : change.seen.base_epoch;
  change.seen.seconds = now - change.begun;
  if (!change.seen.in_force()) return before_.reset();
  for (auto& [number, rank] : ranks_) rank.hold = change.hold;
}

void EngineWatch::look(double now) {
  verify(now);
  Change* change = open_change();
  if (change == nullptr) return;
  change->seen.seconds = now - change->begun;
  const Rank* first = lead();
  if (first != nullptr && change->state == EnginePlanState::Committed &&
      now - change->since > kVerifySeconds)
    change->seen.reason = fmt::format(
        "every rank agreed; it comes with pass {}, the engine is at {}: an idle engine makes none",
        change->seen.decode_step, first->passes);
}

EngineWatch::Change* EngineWatch::open_change() {
  return !changes_.empty() && !changes_.back().seen.over() ? &changes_.back() : nullptr;
}

const NodePlanChange* EngineWatch::change(std::uint64_t ticket) const {
  for (const Change& change : changes_)
    if (change.seen.ticket == ticket) return &change.seen;
  return nullptr;
}

void EngineWatch::set_effect(std::uint64_t ticket, const PlanEffect& effect) {
  for (Change& change : changes_)
    if (change.seen.ticket == ticket) change.seen.effect = effect;
}

std::vector<int> EngineWatch::moe_rows() const {
  if (engine_ && engine_->moe_layers) return *engine_->moe_layers;
  std::vector<int> rows;
  for (std::size_t row = 0; row < rows_.size(); ++row) rows.push_back(static_cast<int>(row));
  return rows;
}

Plan EngineWatch::plan_of(const EngineRows& rows) const {
  Plan plan;
  plan.num_gpus = engine_->gpus;
  plan.num_experts = engine_->experts;
  plan.layer_ids = moe_rows();
  for (const int row : plan.layer_ids)
    plan.physical_to_logical.push_back(rows[static_cast<std::size_t>(row)]);
  return plan;
}

/// Puts the plan's layers into `rows`, the map in force; what is wrong with it, or nullopt.
std::optional<std::string> EngineWatch::fill_rows(const Plan& plan, EngineRows& rows) const {
  const std::vector<int> served = moe_rows();
  const bool all = plan.layers() == engine_->layers;
  if ((!all && plan.layers() != static_cast<int>(served.size())) ||
      plan.num_experts != engine_->experts || plan.slot_count() != engine_->slots ||
      plan.num_gpus != engine_->gpus)
    return fmt::format(
        "it is for {} layers, {} experts, {} slots and {} GPUs, the engine runs {} layers, {} "
        "experts, "
        "{} slots and {} GPUs",
        plan.layers(), plan.num_experts, plan.slot_count(), plan.num_gpus, served.size(),
        engine_->experts, engine_->slots, engine_->gpus);
  if (!all && !plan.layer_ids.empty() && plan.layer_ids != served)
    return "it names other layers than those of the engine that hold experts";
  for (std::size_t i = 0; i < served.size(); ++i) {
    const auto row = static_cast<std::size_t>(served[i]);
    rows[row] = plan.physical_to_logical[all ? row : i];
  }
  return std::nullopt;
}

/// Why no plan can be given to the engine now; empty: it can.
std::string EngineWatch::obstacle() const {
  if (!engine_ || lead() == nullptr) return "no engine is connected";
  if (!engine_->refuses.empty()) return engine_->refuses;
  if (engine_->mode == EngineMode::Observe)
    return "the engine runs with MOESCOPE_MODE=observe; start it with apply";
  if (!changes_.empty() && !changes_.back().seen.over())
    return fmt::format("change {} is under way", changes_.back().seen.ticket);
  return {};
}

EngineWatch::Proposal EngineWatch::refused(const Request& request, const std::string& reason,
                                           double) const {
  Proposal proposal;
  proposal.change.who = request.who;
  proposal.change.name = request.name;
  proposal.change.phase = PlanPhase::Refused;
  proposal.change.reason = reason;
  proposal.change.base_epoch = proposal.change.epoch = epoch_;
  return proposal;
}

EngineWatch::Proposal EngineWatch::propose(const Request& request, std::int64_t wall_ns,
                                           double now) {
  if (const std::string why = obstacle(); !why.empty()) return refused(request, why, now);
  if (request.base_epoch && *request.base_epoch != epoch_)
    return refused(
        request,
        fmt::format("it was made for epoch {}, epoch {} runs", *request.base_epoch, epoch_), now);
  EngineRows rows = rows_;
  if (const auto problem = fill_rows(request.plan, rows)) return refused(request, *problem, now);
  return begin(std::move(rows), true, request, wall_ns, now);
}

EngineWatch::Proposal EngineWatch::roll_back(const std::string& who, std::int64_t wall_ns,
                                             double now) {
  Request request;
  request.who = who;
  request.name = "rollback";
  if (const std::string why = obstacle(); !why.empty()) return refused(request, why, now);
  if (!previous_) return refused(request, "there is no change of plan to roll back", now);
  request.name = "back to " + previous_->name;
  return begin(previous_->rows, previous_->hold, request, wall_ns, now);
}

EngineWatch::Proposal EngineWatch::begin(EngineRows rows, bool hold, const Request& request,
                                         std::int64_t wall_ns, double now) {
  Change change;
  change.seen.who = request.who;
  change.seen.name = request.name;
  change.seen.base_epoch = change.seen.epoch = epoch_;
  change.seen.wall_ns = wall_ns;
  for (const int row : moe_rows()) {
    const auto at = static_cast<std::size_t>(row);
    change.seen.moves += copies_needed(rows[at], rows_[at], engine_->gpus);
  }
  if (request.dry_run) return {change.seen, -1, {}};
  change.seen.ticket = ++tickets_;
  change.id = fmt::format("{:016x}-{}", run_, change.seen.ticket);
  change.rows = std::move(rows);
  change.hold = hold;
  change.begun = change.since = now;
  Proposal proposal{
      change.seen, lead()->peer,
      engine_frame({{"t", "plan"}, {"id", change.id}, {"hold", hold}}, map_bytes(change.rows))};
  changes_.push_back(std::move(change));
  if (changes_.size() > kMaxHistory) changes_.pop_front();
  return proposal;
}

/// Figures of the loads under the map that they were served by: replicas share equally.
void EngineWatch::take_loads(const RankLoads& loads, double now) {
  imbalance_.clear();
  gpu_tokens_.assign(static_cast<std::size_t>(engine_->gpus), 0);
  const std::vector<int> layers = moe_rows();
  std::vector<std::vector<std::uint64_t>> served;
  for (const int layer : layers) {
    const auto at = static_cast<std::size_t>(layer);
    served.push_back(loads.tokens[at]);
    const std::vector<double> tokens(loads.tokens[at].begin(), loads.tokens[at].end());
    const std::vector<double> by_gpu = gpu_loads(rows_[at], tokens, engine_->gpus);
    imbalance_.push_back(imbalance_of(by_gpu, engine_->gpus));
    for (std::size_t gpu = 0; gpu < by_gpu.size(); ++gpu) gpu_tokens_[gpu] += by_gpu[gpu];
  }
  if (listener_ != nullptr)
    listener_->loads_between(layers, served, summarize(imbalance_).mean,
                             std::max(loads_at_, first_seen_), now);
  loads_at_ = now;
}

}  // namespace moescope
