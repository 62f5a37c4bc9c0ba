#include "gpu/engine/plan/plan_changer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "core/error.h"
#include "gpu/base/clock.h"

namespace moescope::runtime {
namespace {

constexpr std::int64_t kBefore = 5'000'000'000;  ///< ns over which TPOT is compared
constexpr StepGate::Seconds kIdleStep{0.01};     ///< a step's worth of time when no unit steps

double seconds_since(std::int64_t begin) {
  return static_cast<double>(steady_now() - begin) / 1e9;
}

/// Layers in which two placements differ; all when they have other numbers of slots.
std::vector<int> changed_layers(const Placement& a, const Placement& b) {
  std::vector<int> layers;
  for (int layer = 0; layer < b.layers(); ++layer) {
    const auto l = static_cast<std::size_t>(layer);
    const auto weights = [&](const Placement& p) {
      return p.weights().empty() ? std::vector<double>(p.table()[l].size(), 1.0) : p.weights()[l];
    };
    if (a.table()[l] != b.table()[l] || weights(a) != weights(b)) layers.push_back(layer);
  }
  return layers;
}

/// `now` with some layers of `next`; both have as many slots.
Placement mixed(const Placement& now, const Placement& next, const std::vector<int>& layers) {
  if (now.slots() != next.slots() || layers == changed_layers(now, next)) return next;
  auto slots = now.table();
  auto weights = now.weights();
  const bool weighted = !weights.empty() || !next.weights().empty();
  if (weighted && weights.empty())
    weights.assign(slots.size(), std::vector<double>(slots.front().size(), 1.0));
  for (const int layer : layers) {
    const auto l = static_cast<std::size_t>(layer);
    slots[l] = next.table()[l];
    if (weighted)
      weights[l] =
          next.weights().empty() ? std::vector<double>(slots[l].size(), 1.0) : next.weights()[l];
  }
  return Placement(std::move(slots), std::move(weights), now.experts(), now.ranks());
}

PlanOptions undo_options(const std::string& who) {
  PlanOptions options;
  options.who = who;
  options.name = "plan before";
  return options;
}

int most_replicas(const Placement& placement) {
  std::size_t most = 1;
  for (int layer = 0; layer < placement.layers(); ++layer)
    for (int expert = 0; expert < placement.experts(); ++expert)
      most = std::max(most, placement.replicas(layer, expert).size());
  return static_cast<int>(most);
}

}  // namespace

struct PlanChanger::Work {
  PlanTicket ticket = 0;
  PlanOptions options;
  std::int64_t phase_begin = 0;
  std::uint64_t left = 0;  ///< bytes that may still be copied before the next step
  int replicas = 1;        ///< that the probe visits
  std::vector<std::vector<float>> expected;  ///< logits of the probe, by UnitKind
  std::uint64_t bytes_done = 0, ib_bytes = 0;
  std::int64_t there = 0;           ///< when the last weights are there
  std::optional<Placement> before;  ///< in force when the change began
  bool committed = false;           ///< some stage is in force
};

PlanChanger::PlanChanger(PlanChangerParts parts)
    : parts_(std::move(parts)),
      epoch_(parts_.units[0]->table().epoch),
      placement_(parts_.units[0]->table().placement),
      before_(parts_.previous) {
  for (Unit* unit : parts_.units)
    probes_.push_back(std::make_unique<Probe>(*unit, parts_.config, parts_.max_positions));
}

void PlanChanger::run() {
  while (const auto proposal = book_.next()) change(*proposal);
}

Plan PlanChanger::plan() const {
  std::lock_guard lock(mutex_);
  return plan_of(placement_, parts_.config, parts_.frame);
}

std::optional<Plan> PlanChanger::previous_plan() const {
  std::lock_guard lock(mutex_);
  if (!before_) return std::nullopt;
  return plan_of(*before_, parts_.config, parts_.frame);
}

std::optional<PlanTicket> PlanChanger::rollback(const std::string& who) {
  if (const auto ticket = book_.undo(who)) return ticket;
  const auto before = previous_plan();
  if (!before) return std::nullopt;
  return book_.add(*before, epoch_, undo_options(who));
}

/// Checks the proposal. Throws an Error that says why it cannot be carried out; changes nothing.
Placement PlanChanger::check(const Proposal& proposal) const {
  const std::string& name = proposal.options.name;
  const auto base = book_.find(proposal.ticket)->base_epoch;
  if (base != epoch_)
    throw Error(name, "",
                fmt::format("is based on epoch {}, epoch {} is in force", base, epoch_.load()));
  Placement next = placement_of(proposal.plan, parts_.config, parts_.frame, name);
  const auto layers = changed_layers(placement_, next);
  if (layers.empty()) throw Error(name, "", "is the plan in force");
  if (make_stage(next, layers).fits) return next;
  const std::string remedy = "give more spare places, or change fewer experts at once";
  if (!proposal.options.by_layer || next.slots() != placement_.slots())
    throw Error(name, "", "does not fit the spare places of every rank at once", remedy);
  for (const int layer : layers)
    if (!make_stage(next, {layer}).fits)
      throw Error(name, fmt::format("layer {}", layer),
                  "does not fit the spare places of every rank", remedy);
  return next;
}

PlanChanger::Stage PlanChanger::make_stage(const Placement& next,
                                           const std::vector<int>& layers) const {
  Stage stage{layers, mixed(placement_, next, layers), {}, true};
  const int per_node = parts_.frame.ranks / parts_.frame.nodes;
  for (const Unit* unit : parts_.units) {
    stage.moves.push_back(
        plan_moves(unit->table(), stage.target, layers, unit->places(), per_node));
    stage.fits = stage.fits && stage.moves.back().fits;
  }
  return stage;
}

/// As many of the remaining layers as fit; takes them out of `remaining`.
PlanChanger::Stage PlanChanger::next_stage(const Placement& next,
                                           std::vector<int>& remaining) const {
  std::size_t count = remaining.size();
  for (;; --count) {
    Stage stage = make_stage(
        next, {remaining.begin(), remaining.begin() + static_cast<std::ptrdiff_t>(count)});
    if (!stage.fits && count == 1)
      throw Error("plan", fmt::format("layer {}", remaining.front()),
                  "does not fit the spare places of every rank");
    if (!stage.fits) continue;
    remaining.erase(remaining.begin(), remaining.begin() + static_cast<std::ptrdiff_t>(count));
    return stage;
  }
}

void PlanChanger::change(const Proposal& proposal) {
  Work work;
  work.ticket = proposal.ticket;
  work.options = proposal.options;
  const std::int64_t begin = steady_now();
  book_.update(work.ticket, [&](PlanRecord& c) {
    c.started = begin;
    c.tpot_before = parts_.figures.mean_tpot(begin - kBefore, begin);
  });
  std::optional<Placement> next;
  try {
    next = check(proposal);
  } catch (const Error& error) {
    return finish(work, PlanPhase::Refused, error.what());
  }
  const Placement before = placement_;
  work.before = before;
  auto remaining = changed_layers(before, *next);
  const bool whole = make_stage(*next, remaining).fits;
  try {
    while (!remaining.empty()) {
      const Stage stage = next_stage(*next, remaining);
      prepare(work, stage);
      commit(work, stage);
    }
    if (whole)
      hold(work);
    else if (!book_.undone_by().empty())  // its earlier weights are gone: needs a separate change
      book_.add(plan_of(before, parts_.config, parts_.frame), epoch_,
                undo_options(book_.undone_by()));
  } catch (const std::exception& error) {
    span(work, "plan rollback", steady_now(), epoch_);
    const bool partly = work.committed && !remaining.empty();
    return finish(work, PlanPhase::RolledBack,
                  std::string(error.what()) +
                      (partly ? "; layers that were verified before keep the new plan" : ""));
  }
  {
    std::lock_guard lock(mutex_);
    before_ = before;
  }
  span(work, "plan release", steady_now(), epoch_);
  finish(work, PlanPhase::Released, "");
}

void PlanChanger::finish(Work& work, PlanPhase phase, const std::string& reason) {
  book_.update(work.ticket, [&](PlanRecord& c) {
    c.ended = steady_now();
    c.tpot_during = parts_.figures.mean_tpot(c.started, c.ended);
    c.epoch = epoch_;
    c.reason = reason;
    c.phase = phase;
  });
}

void PlanChanger::call_faults(PlanPhase phase, const Unit& unit) const {
  if (!parts_.faults.plan) return;
  for (int member = 0; member < unit.group().size; ++member)
    parts_.faults.plan(phase, unit.group().first + member);
}

/// Fills spare places of both units while they serve.
void PlanChanger::prepare(Work& work, const Stage& stage) {
  work.phase_begin = steady_now();
  work.left = work.options.bytes_per_step;
  std::uint64_t bytes = 0;
  for (std::size_t u = 0; u < 2; ++u)
    for (const Move& move : stage.moves[u].moves)
      bytes += parts_.units[u]->expert_bytes(move.expert);
  book_.update(work.ticket, [&](PlanRecord& c) {
    c.phase = PlanPhase::Preparing;
    c.bytes_total += bytes;
    c.moves += std::ssize(stage.moves[0].moves) + std::ssize(stage.moves[1].moves);
    ++c.stages;
  });
  for (std::size_t u = 0; u < 2; ++u) {
    call_faults(PlanPhase::Preparing, *parts_.units[u]);
    for (const Move& move : stage.moves[u].moves) copy(work, *parts_.units[u], move);
  }
  store(work, stage.target, epoch_ + 1);
  while (steady_now() < work.there) {  // paced links: the last weights are still on their way
    throttle(work);
    std::this_thread::sleep_for(std::chrono::nanoseconds(
        std::clamp<std::int64_t>(work.there - steady_now(), 0, 5'000'000)));
  }
  StepGate::Steps at;
  if (!parts_.gate.close(StepGate::Seconds(work.options.deadlines.prepare), at))
    throw Error("plan", "prepare", "the units did not come to the end of a step in time");
  work.replicas = std::max(most_replicas(placement_), most_replicas(stage.target));
  work.expected.clear();
  try {
    for (const auto& probe : probes_) work.expected.push_back(probe->run(work.replicas));
  } catch (...) {
    parts_.gate.open();
    throw;
  }
  parts_.gate.open();
  book_.update(work.ticket, [](PlanRecord& c) { c.prepared = steady_now(); });
  span(work, "plan prepare", work.phase_begin, epoch_ + 1);
}

/// Waits for the next step when this one's bytes are used up. Throws when the change is to end.
void PlanChanger::throttle(Work& work) {
  const std::string who = book_.undone_by();
  if (!who.empty()) throw Error("plan", "prepare", "was undone by " + who);
  if (book_.closed()) throw Error("plan", "prepare", "the engine stopped serving");
  if (seconds_since(work.phase_begin) > work.options.deadlines.prepare)
    throw Error("plan", "prepare",
                fmt::format("took longer than {} s", work.options.deadlines.prepare));
  if (work.left > 0) return;
  parts_.gate.wait_for_step(kIdleStep);
  work.left = std::max<std::uint64_t>(work.options.bytes_per_step, 1);
}

/// Copies one expert piece by piece and compares the digests at both ends.
void PlanChanger::copy(Work& work, Unit& unit, const Move& move) {
  const std::int64_t begin = steady_now();
  const int first = unit.group().first, by = first + move.to, source = first + move.from;
  const Link link = parts_.space.link(by, source);
  const std::size_t bytes = unit.expert_bytes(move.expert);
  const Digest sent = unit.held_digest(move.from, move.from_place, bytes);
  for (std::size_t done = 0; done < bytes;) {
    throttle(work);
    const std::size_t piece = std::min<std::size_t>(bytes - done, work.left);
    unit.copy_expert(move, done, piece);
    done += piece;
    work.left -= piece;
  }
  const std::int64_t arrived = arrival_of(unit, source, unit, by, link, bytes);
  work.there = std::max(work.there, arrived);
  if (unit.held_digest(move.to, move.place, bytes) != sent)
    throw Error(
        "plan",
        fmt::format("layer {}, expert {}", parts_.config.dense_layers + move.layer, move.expert),
        fmt::format("the weights that rank {} got from rank {} are damaged", by, source));
  work.bytes_done += bytes;
  const bool remote = link == Link::Ib;
  if (remote) work.ib_bytes += bytes;
  book_.update(work.ticket, [&](PlanRecord& c) {
    c.bytes_done = work.bytes_done;
    c.ib_bytes = work.ib_bytes;
  });
  if (parts_.recorder == nullptr) return;
  SpanRecord record{begin, arrived, SpanName::PlanCopy,
                    static_cast<std::int16_t>(parts_.config.dense_layers + move.layer)};
  record.step = parts_.figures.steps(unit.options().kind);
  (remote ? record.ib_bytes : record.nvlink_bytes) = bytes;
  parts_.recorder->log(static_cast<std::size_t>(by))->streams[kPlanStream].push(record);
}

void PlanChanger::flip_both(std::uint64_t epoch) {
  for (Unit* unit : parts_.units)
    if (unit->table().epoch % 2 != epoch % 2) unit->flip(epoch);
}

/// Stops both units before a step, changes their tables, verifies, and lets them go on: with the
/// new plan, or with the one before when anything went wrong.
void PlanChanger::commit(Work& work, const Stage& stage) {
  const std::int64_t begin = steady_now();
  book_.update(work.ticket, [](PlanRecord& c) { c.phase = PlanPhase::Committing; });
  for (std::size_t u = 0; u < 2; ++u) parts_.units[u]->stage(stage.moves[u].table);
  StepGate::Steps at;
  if (!parts_.gate.close(StepGate::Seconds(work.options.deadlines.commit), at))
    throw Error("plan", "commit", "the units did not come to the end of a step in time");
  const std::uint64_t base = epoch_;
  try {
    for (Unit* unit : parts_.units) {
      call_faults(PlanPhase::Committing, *unit);
      unit->flip(base + 1);
    }
    book_.update(work.ticket, [&](PlanRecord& c) {
      c.committed = steady_now();
      c.prefill_step = at[static_cast<std::size_t>(UnitKind::Prefill)];
      c.decode_step = at[static_cast<std::size_t>(UnitKind::Decode)];
    });
    span(work, "plan commit", begin, base + 1);
    verify(work);
    for (std::size_t u = 0; u < 2; ++u) parts_.units[u]->share_moved(stage.moves[u].moves);
    if (parts_.store != nullptr) parts_.store->adopt();
  } catch (...) {
    flip_both(base);
    parts_.gate.open();
    throw;
  }
  const Placement was = placement_;
  in_force(work, stage.target, base + 1);
  parts_.gate.open();
  try {
    keep();
  } catch (...) {
    go_back(work, was);
    throw;
  }
}

/// Writes the next plan without making it the stored one yet.
void PlanChanger::store(const Work& work, const Placement& placement, std::uint64_t epoch) const {
  if (parts_.store == nullptr) return;
  const auto form = [&](const Placement& p) { return plan_of(p, parts_.config, parts_.frame); };
  parts_.store->prepare({epoch, work.options.name, form(placement), form(*work.before)});
}

/// Returns when the plan in force would survive a loss of power, in the store and in the recording.
/// Requests are served meanwhile, but the change is not reported as done.
void PlanChanger::keep() const {
  if (parts_.store != nullptr) parts_.store->sync();
  if (parts_.recorder != nullptr) parts_.recorder->flush();
}

void PlanChanger::verify(Work& work) {
  const std::int64_t begin = steady_now();
  book_.update(work.ticket, [](PlanRecord& c) { c.phase = PlanPhase::Verifying; });
  int slots = 0, probed = 0;
  for (std::size_t u = 0; u < 2; ++u) {
    call_faults(PlanPhase::Verifying, *parts_.units[u]);
    if (probes_[u]->run(work.replicas) != work.expected[u])
      throw Error("plan", "verify",
                  fmt::format("the {} unit computes other logits under the new plan",
                              to_string(parts_.units[u]->options().kind)));
    const Placement& placement = parts_.units[u]->table().placement;
    slots += placement.slots() * placement.layers();
    probed += probes_[u]->slots_used();
  }
  if (seconds_since(begin) > work.options.deadlines.verify)
    throw Error("plan", "verify",
                fmt::format("took longer than {} s", work.options.deadlines.verify));
  book_.update(work.ticket, [&](PlanRecord& c) {
    c.verified = steady_now();
    c.slot_count = slots;
    c.slots_probed = probed;
  });
  span(work, "plan verify", begin, epoch_ + 1);
}

void PlanChanger::in_force(Work& work, const Placement& placement, std::uint64_t epoch) {
  {
    std::lock_guard lock(mutex_);
    placement_ = placement;
  }
  epoch_ = epoch;
  work.committed = true;
  book_.update(work.ticket, [&](PlanRecord& c) { c.epoch = epoch; });
  if (parts_.recorder != nullptr)
    parts_.recorder->add_plan(steady_now(), fmt::format("epoch {}: {}", epoch, work.options.name),
                              plan_json(plan()));
}

/// Keeps the old weights for a while, so that a rollback is a flip.
void PlanChanger::hold(Work& work) {
  if (work.options.hold > 0) {
    book_.update(work.ticket, [](PlanRecord& c) { c.phase = PlanPhase::Holding; });
    book_.wait_for_undo(work.options.hold);
  }
  const std::string who = book_.undone_by();
  if (who.empty()) return;
  go_back(work, *work.before);
  throw Error("plan", "", "was undone by " + who);
}

/// Restores the plan from before the last stage, whose weights are still there.
void PlanChanger::go_back(Work& work, const Placement& to) {
  StepGate::Steps at;
  if (!parts_.gate.close(StepGate::Seconds(work.options.deadlines.commit), at))
    throw Error("plan", "rollback", "the units did not come to the end of a step in time");
  flip_both(epoch_ + 1);
  in_force(work, to, epoch_ + 1);
  parts_.gate.open();
  store(work, to, epoch_);
  if (parts_.store != nullptr) parts_.store->adopt();
  keep();
}

void PlanChanger::span(const Work& work, const char* name, std::int64_t begin,
                       std::uint64_t epoch) {
  if (parts_.recorder == nullptr) return;
  const auto change = *book_.find(work.ticket);
  parts_.recorder->add_span(
      {EngineTrack::PlanChanges, name,
       fmt::format("{{\"ticket\":{},\"epoch\":{},\"stage\":{},\"moves\":{},\"bytes\":{},"
                   "\"ib_bytes\":{}}}",
                   work.ticket, epoch, change.stages, change.moves, work.bytes_done, work.ib_bytes),
       begin, steady_now()});
}

}  // namespace moescope::runtime
