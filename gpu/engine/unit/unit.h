// A prefill or decode unit: ranks that run the model together, step by step. Serving, changes of
// plan and recordings use units only through this interface; a backend (gpu/engine/backend.h)
// decides where their ranks compute and how bytes are transferred.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu/compute/kv_cache.h"
#include "gpu/engine/placement/slot_table.h"
#include "gpu/engine/placement/weight_pool.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/engine/rank/rank_threads.h"
#include "gpu/engine/unit/link_control.h"
#include "gpu/engine/unit/unit_options.h"

namespace moescope::runtime {

/// Members are numbered from 0, ranks through the address space: member m is rank
/// group().first + m. "Between steps" is: while step() and ordered_step() do not run.
class Unit {
 public:
  virtual ~Unit() = default;

  virtual const Group& group() const = 0;
  /// Current options: the settings below change overlap, order and budget.
  virtual const UnitOptions& options() const = 0;
  /// Attention groups, each of options().tp consecutive members.
  int groups() const { return group().size / options().tp; }
  int first_member(int attention_group) const { return attention_group * options().tp; }

  // Steps.

  /// Runs one step on all ranks, also those of other processes: one input and one output for each
  /// attention group, which spreads its rows over its ranks. The first failure of a rank is thrown
  /// here; the unit is then unusable.
  virtual std::vector<RankOutput> step(std::span<const RankInput> inputs) = 0;
  /// A step of at most kProbeRows rows per member, all in micro-batch 0, that always combines in
  /// the gate's order; for comparing plans.
  virtual std::vector<RankOutput> ordered_step(std::span<const RankInput> inputs) = 0;
  /// In other processes than the first: executes the commands of the first one until its unit is
  /// gone. Throws Error when the run fails anywhere.
  virtual void follow() = 0;
  /// Loads of the last step.
  virtual const StepLoads& loads() const = 0;
  virtual std::uint32_t steps() const = 0;  ///< so far

  // Settings, between steps.

  /// Runs micro-batches overlapped or one part at a time.
  virtual void set_overlap(bool overlap) = 0;
  virtual void set_order(DecodeOrder order) = 0;
  /// Requests a budget; the granted one leaves at least one worker to each stream.
  virtual WorkerBudget set_budget(WorkerBudget requested) = 0;
  virtual WorkerBudget granted_budget() const = 0;
  /// Most workers at work at once, in each part, since the last call.
  virtual WorkerBudget take_observed_budget() = 0;

  // Keys and values. The ranks of an attention group hold the same pages.

  /// Which pages of an attention group are taken, whichever process hosts it.
  virtual PageBook& pages(int attention_group) = 0;
  /// Bytes of one page of one layer at one rank.
  virtual std::size_t page_bytes() const = 0;
  /// Where a member holds the pages of a sequence, [layer][page]; what a window is, is between
  /// units of one backend.
  virtual std::vector<Place> page_places(int member, const KvSequence& sequence) = 0;
  /// Copies pages that a unit of the same backend holds, as its page_places() says, into the first
  /// pages of `sequence` at a member; any thread, counted as KvCache.
  virtual void fetch_pages(int member, const KvSequence& sequence, std::span<const Place> from) = 0;

  // Weights of experts: every member has a number of places of equal size, each of which takes any
  // expert of any layer.

  /// What holds the weights in force.
  virtual const SlotTable& table() const = 0;
  virtual int places() const = 0;                          ///< of each member
  virtual std::size_t expert_bytes(int expert) const = 0;  ///< of one expert's weights, in a place
  /// Copies `count` bytes from byte `begin` on of the expert that a member holds to the place of
  /// another that the move names; any thread, while steps run. Counted as Weights. Notifies
  /// options().faults when the last ones have arrived.
  virtual void copy_expert(const Move& move, std::size_t begin, std::size_t count) = 0;
  /// Of the first `bytes` that a member holds in a place. Any thread.
  virtual Digest held_digest(int member, int place, std::size_t bytes) = 0;
  /// Stages `table`, of the next epoch, for flip(). Does not affect running steps.
  virtual void stage(SlotTable table) = 0;
  /// Between steps, when a change was verified: what `moves` brought equals the weights that all
  /// ranks of this process share, and the places refer to them again. Throws Error when it does
  /// not. Does nothing where ranks keep copies.
  virtual void share_moved(std::span<const Move> moves) = 0;
  /// Between steps: brings the other table in force, as epoch `epoch` of the same parity.
  virtual void flip(std::uint64_t epoch) = 0;

  // Optional features.

  /// Links that can be paced; nullptr: there are none.
  virtual LinkControl* links() { return nullptr; }
  /// Threads of the ranks that this process hosts, for detecting hangs; valid as long as the unit.
  /// Empty: they cannot be watched.
  virtual std::vector<RankThreads> rank_threads() const { return {}; }
};

/// `bytes` go from rank `from` of `sender` to rank `to` of `receiver` from now on: when the last
/// one is there, ns of the steady clock; now when either has no links or they are not paced.
std::int64_t arrival_of(Unit& sender, int from, Unit& receiver, int to, Link link,
                        std::size_t bytes);

}  // namespace moescope::runtime
