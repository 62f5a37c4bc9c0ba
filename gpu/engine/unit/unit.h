// A prefill or decode unit: ranks that run the model together, step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/comm/exchange/exchange.h"
#include "gpu/comm/links/link_rates.h"
#include "gpu/engine/placement/placement.h"
#include "gpu/engine/placement/slot_table.h"
#include "gpu/engine/placement/weight_pool.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/engine/rank/faults.h"
#include "gpu/engine/rank/rank_threads.h"
#include "gpu/engine/rank/schedule.h"
#include "gpu/model/weights.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

/// Workers of a rank and how many of them communicate.
struct WorkerBudget {
  int workers = 3;
  int communication = 1;
};

/// Rows of a member that ordered_step() takes at most.
inline constexpr int kProbeRows = 32;

struct UnitOptions {
  UnitKind kind = UnitKind::Prefill;
  CombineMode combine = CombineMode::Ordered;
  bool overlap = true;
  DecodeOrder order = DecodeOrder::AttentionAgainstRest;  ///< of a decode unit that overlaps
  int micro_batches = 2;                                  ///< 1 or 2
  int tp = 1;           ///< consecutive ranks that share an attention (tensor parallelism)
  int max_tokens = 64;  ///< of one rank in one micro-batch
  int max_positions = 512;
  int kv_pages = 64;  ///< of one rank
  WorkerBudget budget;
  /// Places for expert weights of a rank beyond those of the first plan, over all layers.
  int spare_places = 0;
  bool route_shared = false;  ///< the shared expert is routed as expert number `experts`
  int active_slots = 0;       ///< at most so many slots of a rank are active in a layer; 0: all
  std::uint64_t epoch = 0;    ///< of the first plan
  Faults faults;
};

class Unit {
 public:
  /// `logs`: one a member, or empty to record nothing. Throws Error when the placement does not
  /// fit the model or the group.
  Unit(std::shared_ptr<const Model> model, AddressSpace& space, Group group, UnitOptions options,
       const Placement& placement, std::span<RankLog* const> logs = {});
  ~Unit();

  /// Of any member, whichever process hosts it. Ranks that share an attention hold the same pages:
  /// those of the first are the book of all.
  KvCache& cache(int member);
  WindowId kv_window() const;  ///< the caches in the address space
  /// Attention groups, each of options().tp consecutive members.
  int groups() const { return group().size / options().tp; }
  int first_member(int attention_group) const { return attention_group * options().tp; }
  const Group& group() const;
  const UnitOptions& options() const;
  /// Runs one step on all ranks, also those of other processes: one input and one output for each
  /// attention group, which spreads its rows over its ranks. The first failure of a rank is thrown
  /// here; the unit is then unusable.
  std::vector<RankOutput> step(std::span<const RankInput> inputs);
  /// In a process that is not the first of several: does what the first one asks for, until its
  /// unit is gone. Throws Error when the run fails anywhere.
  void follow();
  /// Loads of the last step.
  const StepLoads& loads() const;
  std::uint32_t steps() const;  ///< so far

  /// Between steps: runs micro-batches overlapped or one part at a time.
  void set_overlap(bool overlap);
  void set_order(DecodeOrder order);
  /// Between steps: asks for a budget; what is granted leaves at least one worker to each stream.
  WorkerBudget set_budget(WorkerBudget requested);
  WorkerBudget granted_budget() const;
  /// Most workers seen at work at once, in each part, since the last call.
  WorkerBudget take_observed_budget();

  /// Between steps: how fast the links between ranks are; without rates transfers take what copying
  /// takes. Throws Error when processes of the run share no memory.
  void set_links(const LinkRates& rates);
  LinkRates links() const;
  /// Between steps: each rank computes with `cores` of a processor's cores, spread evenly over its
  /// workers: a part that a core did faster lasts as long as the rank's share would have taken, so
  /// that ranks that share cores look like GPUs of one speed. 0: what they get.
  void set_rank_cores(double cores);
  double rank_cores() const;
  /// True when set_links() can be used.
  bool has_links() const;
  /// What a rank of this process did in trial steps so far, on average, ms: waiting for links,
  /// attention and what goes with it, experts. Hardly depends on what else the machine does.
  struct TrialTimes {
    double links = 0, attention = 0, experts = 0;
  };
  TrialTimes trial_times() const;
  /// `bytes` go from rank `from` of this unit to rank `to` of `receiver` from now on, beside what
  /// steps send: when the last one is there, ns of the steady clock; now when links are not paced.
  std::int64_t travel(int from, Unit& receiver, int to, std::size_t bytes);
  /// Between steps: the next ones are counted and recorded nowhere; afterwards steps count from 0.
  void set_trial(bool trial);

  /// A step of at most kProbeRows rows a member, all in micro-batch 0, that combines in the gate's
  /// order whatever the unit does else; for comparing plans.
  std::vector<RankOutput> ordered_step(std::span<const RankInput> inputs);

  /// Of the ranks that this process hosts; valid as long as the unit.
  std::vector<RankThreads> rank_threads() const;

  /// What holds the weights in force.
  const SlotTable& table() const;
  WeightPool& pool(int member);
  int places() const;               ///< of each pool
  WindowId weights_window() const;  ///< the pools in the address space
  /// Makes `table`, whose epoch is the next, the one that flip() brings in force. Touches nothing
  /// that runs.
  void stage(SlotTable table);
  /// Between steps, when a change was verified: what `moves` brought equals the weights that all
  /// ranks of this process share, and the places refer to them again. Throws Error when it does
  /// not. Ranks in several processes keep their copies.
  void share_moved(std::span<const Move> moves);
  /// Between steps: brings the other table in force, as epoch `epoch` of the same parity.
  void flip(std::uint64_t epoch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope::runtime
