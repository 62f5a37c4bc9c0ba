// What the agent knows of a serving engine, and what becomes of the plans that it is given.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/agent/engine/engine_messages.h"
#include "core/node/node_status.h"
#include "core/placement/plan.h"

namespace moescope {

/// Is told what should be recorded, in order of time. Times are seconds on the agent's clock.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  /// The engine is there, for the first time or after a restart.
  virtual void engine_known(const RankHello& lead) = 0;
  /// `plan` is in force from `now` on.
  virtual void plan_in_force(std::uint64_t epoch, const std::string& name, const Plan& plan,
                             double now) = 0;
  /// A rank moved experts from `begin` to `end`.
  virtual void rank_moved(int rank, const std::string& what, std::int64_t slots, double begin,
                          double end) = 0;
  /// Tokens of `layers` (model layers) between `begin` and `end`, and the imbalance that they mean.
  virtual void loads_between(const std::vector<int>& layers,
                             const std::vector<std::vector<std::uint64_t>>& tokens,
                             double imbalance, double begin, double end) = 0;
};

/// Not thread-safe, knows neither sockets nor a clock: peers are numbers, time is passed in.
class EngineWatch {
 public:
  /// @param run distinguishes the plans of this run from those of an earlier one
  explicit EngineWatch(std::uint64_t run, EngineListener* listener = nullptr)
      : run_(run), listener_(listener) {}

  /// A rank connects. Throws Error when it does not belong to the engine that is connected already.
  void hello(int peer, RankHello hello, double now);
  /// Anything but a hello. Messages of peers that said none are ignored.
  void message(int peer, const RankMessage& message, double now);
  void gone(int peer, double now);
  /// Gives up on what takes too long. Call it every second or so.
  void look(double now);

  struct Request {
    Plan plan;
    std::string who, name;
    std::optional<std::uint64_t> base_epoch;  ///< refused when another is in force
    bool dry_run = false;
  };
  /// A change of plan that was begun, or one that is over because it was refused. `send`: a frame
  /// for `peer`, which carries it out.
  struct Proposal {
    NodePlanChange change;
    int peer = -1;
    std::string send;
  };
  Proposal propose(const Request& request, std::int64_t wall_ns, double now);
  /// Back to the map from before the last plan that came into force.
  Proposal roll_back(const std::string& who, std::int64_t wall_ns, double now);
  /// nullptr when it is too long ago. Valid until the next call.
  const NodePlanChange* change(std::uint64_t ticket) const;
  void set_effect(std::uint64_t ticket, const PlanEffect& effect);

  /// What an engine reports or does not is in `notices`.
  NodeStatus status(bool with_plan, double now) const;
  std::uint64_t epoch() const { return epoch_; }

  /// As text, for an agent that starts again: epoch, history, and what a rollback restores.
  std::string saved() const;
  /// Goes on from saved(); before anything connects. Throws Error that names `source`.
  void restore(const std::string& text, const std::string& source);

 private:
  struct Rank {
    int peer = -1;    ///< -1: it is gone
    RankHello hello;  ///< without its map
    std::uint64_t passes = 0, waits = 0, faults = 0;
    std::uint64_t passes_before = 0;  ///< at `alive_before`
    double alive = 0, alive_before = 0;
    std::uint32_t digest = 0;
    bool hold = false;
    double passes_per_second() const;
  };
  struct Change {
    NodePlanChange seen;
    std::string id;
    EngineRows rows;  ///< wanted
    bool hold = true;
    double begun = 0, since = 0;  ///< since: the phase
    EnginePlanState state = EnginePlanState::Refused;
  };
  struct Previous {
    EngineRows rows;
    bool hold = false;
    std::string name;
  };

  const Rank* lead() const;
  Rank* rank_of(int peer);
  std::size_t connected() const;
  std::vector<int> moe_rows() const;
  Plan plan_of(const EngineRows& rows) const;
  std::optional<std::string> fill_rows(const Plan& plan, EngineRows& rows) const;
  std::string obstacle() const;
  Proposal begin(EngineRows rows, bool hold, const Request& request, std::int64_t wall_ns,
                 double now);
  Proposal refused(const Request& request, const std::string& reason, double now) const;
  Change* open_change();
  void take_map(const EngineRows& rows, std::uint32_t digest, const std::string& name, double now);
  void lead_hello(const RankHello& hello, double now);
  void advance(Change& change, EnginePlanState state, const std::string& reason, double now);
  void finish(Change& change, PlanPhase phase, const std::string& reason, double now);
  void verify(double now);
  void forget_engine(double now);
  void take_loads(const RankLoads& loads, double now);
  std::vector<std::string> notices() const;

  std::uint64_t run_;
  EngineListener* listener_;
  std::map<int, Rank> ranks_;        ///< by rank
  std::optional<RankHello> engine_;  ///< of the lead, without its map
  EngineRows rows_;
  std::uint32_t digest_ = 0;
  std::uint64_t epoch_ = 0, tickets_ = 0;
  std::optional<std::uint32_t> saved_digest_;  ///< of the map that the saved epoch is of
  std::deque<Change> changes_;
  std::optional<Previous> previous_, before_;  ///< before_: of the change that is under way
  std::vector<double> imbalance_;   ///< of the newest loads, by layer, under the map of then
  std::vector<double> gpu_tokens_;  ///< likewise, by GPU
  double loads_at_ = 0, first_seen_ = 0;
  std::string stranger_;  ///< what else tried to connect
};

}  // namespace moescope
