// All plan changes of an engine: proposals, progress and outcomes. Thread-safe; the thread that
// changes plans takes proposals and reports their progress.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "gpu/engine/plan/control.h"

namespace moescope::runtime {

struct Proposal {
  PlanTicket ticket = 0;
  Plan plan;
  PlanOptions options;
};

class PlanBook {
 public:
  /// Changes that are kept; older ones are dropped.
  static constexpr std::size_t kKept = 256;
  /// Proposals that wait at a time; more are refused.
  static constexpr std::size_t kWaiting = 32;

  PlanTicket add(const Plan& plan, std::uint64_t base_epoch, const PlanOptions& options);
  /// The next proposal, which is then under way; nothing after close().
  std::optional<Proposal> next();
  /// Updates a change and notifies the listener. Not allowed after it is final.
  void update(PlanTicket ticket, const std::function<void(PlanRecord&)>& change);
  /// Asks the change that is under way to undo itself; its ticket, nothing when there is none.
  std::optional<PlanTicket> undo(const std::string& who);
  /// Who requested that, "" when it was not requested.
  std::string undone_by() const;
  /// Waits for a request to undo, or close(), or for `seconds`.
  void wait_for_undo(double seconds);
  /// No proposal is taken any more; waiting and new ones are refused.
  void close();
  bool closed() const;

  /// nullopt when there is none, or it was dropped.
  std::optional<PlanRecord> find(PlanTicket ticket) const;
  /// The last kKept in order of proposal, and what is under way or waits.
  std::vector<PlanRecord> all() const;
  /// The listener gets the states of a change in order; it must not add or update.
  void listen(std::function<void(const PlanRecord&)> listener);

 private:
  const PlanRecord* known(PlanTicket ticket) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PlanRecord> changes_;  ///< ticket t is at t - 1 - forgotten_
  PlanTicket forgotten_ = 0;
  std::deque<Proposal> waiting_;
  PlanTicket under_way_ = 0;
  std::string undone_by_;
  bool closed_ = false;
  std::mutex notify_mutex_;  ///< held from an update until the listener has it; taken before mutex_
  std::function<void(const PlanRecord&)> listener_;
};

}  // namespace moescope::runtime
