// What EngineWatch tells clients, and what it keeps for the next start.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/agent/engine/engine_watch.h"
#include "core/error.h"
#include "core/version.h"

namespace moescope {
namespace {

constexpr std::size_t kReportedChanges = 100;
constexpr double kSilentSeconds = 10;  ///< without a sign of life of a rank
constexpr int kSchema = 1;

using Json = nlohmann::json;

Json change_json(const NodePlanChange& c) {
  return {{"ticket", c.ticket},    {"who", c.who},
          {"name", c.name},        {"phase", static_cast<int>(c.phase)},
          {"reason", c.reason},    {"base_epoch", c.base_epoch},
          {"epoch", c.epoch},      {"moves", c.moves},
          {"pass", c.decode_step}, {"wall_ns", c.wall_ns},
          {"seconds", c.seconds}};
}

NodePlanChange change_of(const Json& json) {
  NodePlanChange c;
  c.ticket = json.at("ticket");
  c.who = json.at("who");
  c.name = json.at("name");
  const int phase = json.at("phase");
  if (phase < 0 || phase > static_cast<int>(PlanPhase::Refused))
    throw Json::other_error::create(500, "a phase that does not exist", nullptr);
  c.phase = static_cast<PlanPhase>(phase);
  c.reason = json.at("reason");
  c.base_epoch = json.at("base_epoch");
  c.epoch = json.at("epoch");
  c.moves = json.at("moves");
  c.prefill_step = c.decode_step = json.at("pass");
  c.wall_ns = json.at("wall_ns");
  c.seconds = json.at("seconds");
  return c;
}

}  // namespace

NodeStatus EngineWatch::status(bool with_plan, double now) const {
  NodeStatus out;
  out.version = program_version();
  out.run = run_;
  out.epoch = epoch_;
  out.model = engine_ ? fmt::format("{}{}{}", engine_->engine, engine_->version.empty() ? "" : " ",
                                    engine_->version)
                      : "no engine yet";
  out.backend = engine_ ? engine_->engine : "none";
  out.seconds = engine_ ? now - first_seen_ : 0;
  NodeUnit unit;
  unit.kind = UnitKind::Mixed;
  for (const auto& [number, rank] : ranks_) {
    if (rank.peer < 0) continue;
    out.ranks.push_back({number, 0, UnitKind::Mixed, 0, 0});
    unit.steps = std::max(unit.steps, rank.passes);
    unit.steps_per_second = std::max(unit.steps_per_second, rank.passes_per_second());
    if (now - rank.alive > kSilentSeconds)
      out.hung.push_back(
          {number, rank.hello.process_id, "this host", now - rank.alive, HangReason::Silent});
  }
  out.serving = lead() != nullptr && unit.steps_per_second > 0;
  unit.imbalance = imbalance_;
  if (engine_) out.units.push_back(unit);
  if (engine_ && gpu_tokens_.size() == static_cast<std::size_t>(engine_->size))
    for (NodeRank& rank : out.ranks)
      rank.tokens = static_cast<std::uint64_t>(gpu_tokens_[static_cast<std::size_t>(rank.rank)]);
  const std::size_t first =
      changes_.size() > kReportedChanges ? changes_.size() - kReportedChanges : 0;
  for (std::size_t i = first; i < changes_.size(); ++i) out.history.push_back(changes_[i].seen);
  out.notices = notices();
  if (!with_plan || !engine_) return out;
  out.plan_json = plan_json(plan_of(rows_));
  if (previous_) out.previous_plan_json = plan_json(plan_of(previous_->rows));
  return out;
}

std::vector<std::string> EngineWatch::notices() const {
  std::vector<std::string> out;
  if (!engine_ || connected() == 0) {
    out.push_back(
        "no rank of an engine is connected: start it with the plugin moescope-engine and "
        "MOESCOPE_SOCKET");
    return out;
  }
  if (lead() == nullptr)
    out.push_back("the first rank of the engine is not connected: loads and plans go through it");
  if (connected() < static_cast<std::size_t>(engine_->size))
    out.push_back(
        fmt::format("{} of {} ranks report to this agent; the others run elsewhere or "
                    "without the plugin",
                    connected(), engine_->size));
  if (!engine_->refuses.empty())
    out.push_back("the engine takes no plans: " + engine_->refuses);
  else if (engine_->mode != EngineMode::Apply)
    out.push_back(fmt::format("the engine runs with MOESCOPE_MODE={}: no plan is installed",
                              to_string(engine_->mode)));
  else
    out.push_back(
        "an engine compares maps, not weights slot by slot: a plan counts as verified when every "
        "rank reports its map. A rollback moves experts as any plan does and is not instant");
  if (imbalance_.empty()) out.push_back("no loads yet: the engine tells them when it rebalances");
  const Rank* first = lead();
  if (first != nullptr && first->hold)
    out.push_back(
        "the engine leaves the map alone, as the plan in force asked; a rollback of the "
        "first plan gives it back");
  std::uint64_t faults = 0;
  for (const auto& [number, rank] : ranks_) faults += rank.peer >= 0 ? rank.faults : 0;
  if (faults > 0)
    out.push_back(
        fmt::format("the plugin caught {} errors of its own; the engine's log names them", faults));
  if (!stranger_.empty())
    out.push_back(stranger_ + " wanted to connect too; an agent serves one group of ranks");
  return out;
}

std::string EngineWatch::saved() const {
  Json history = Json::array();
  for (const Change& change : changes_) history.push_back(change_json(change.seen));
  Json document = {{"schema", kSchema},
                   {"epoch", epoch_},
                   {"tickets", tickets_},
                   {"digest", digest_},
                   {"known", engine_.has_value()},
                   {"history", history}};
  if (previous_)
    document["previous"] = {
        {"rows", previous_->rows}, {"hold", previous_->hold}, {"name", previous_->name}};
  if (!changes_.empty() && !changes_.back().seen.over())
    document["open"] = {{"id", changes_.back().id}, {"rows", changes_.back().rows}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void EngineWatch::restore(const std::string& text, const std::string& source) {
  try {
    const Json document = Json::parse(text);
    if (document.at("schema") != kSchema)
      throw Json::other_error::create(500, "another schema", nullptr);
    epoch_ = document.at("epoch");
    tickets_ = document.at("tickets");
    if (document.at("known").get<bool>())
      saved_digest_ = document.at("digest").get<std::uint32_t>();
    for (const Json& entry : document.at("history")) {
      Change change;
      change.seen = change_of(entry);
      changes_.push_back(std::move(change));
    }
    if (document.contains("previous")) {
      const Json& previous = document["previous"];
      previous_ = Previous{previous.at("rows"), previous.at("hold"), previous.at("name")};
    }
    if (document.contains("open") && !changes_.empty()) {
      changes_.back().id = document["open"].at("id");
      changes_.back().rows = document["open"].at("rows").get<EngineRows>();
      changes_.back().seen.reason = "the agent was restarted; the engine says what became of it";
    }
  } catch (const Json::exception& error) {
    throw Error(source, "", fmt::format("is not the state of an agent: {}", error.what()),
                "Name another folder with --state, or remove the file to begin at epoch 0");
  }
}

}  // namespace moescope
