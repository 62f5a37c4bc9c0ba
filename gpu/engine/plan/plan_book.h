// All plan changes of an engine: what was proposed, how far it is, what came of it. Safe from any
// thread; the one that changes plans takes proposals out and reports into it.
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
  /// Changes that are kept; of older ones nothing is known any more.
  static constexpr std::size_t kKept = 256;
  /// Proposals that wait at a time; more are refused.
  static constexpr std::size_t kWaiting = 32;

  PlanTicket add(const Plan& plan, std::uint64_t base_epoch, const PlanOptions& options);
  /// The next proposal, which is then under way; nothing after close().
  std::optional<Proposal> next();
  /// Changes what is known of a change and tells the listener. Not after it is final.
  void update(PlanTicket ticket, const std::function<void(PlanRecord&)>& change);
  /// Asks the change that is under way to undo itself; its ticket, nothing when there is none.
  std::optional<PlanTicket> undo(const std::string& who);
  /// Who asked for that, "" when nobody did.
  std::string undone_by() const;
  /// Waits until somebody asks, or close(), or for `seconds`.
  void wait_for_undo(double seconds);
  /// Nothing is taken out any more; what waits and what comes is refused.
  void close();
  bool closed() const;

  /// Nothing when there is none, or none any more.
  std::optional<PlanRecord> find(PlanTicket ticket) const;
  /// The last kKept in order of proposal, and what is under way or waits.
  std::vector<PlanRecord> all() const;
  /// The listener hears the states of a change in their order; it must not add or update.
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
  std::mutex telling_mutex_;  ///< from a change until it is told; taken before mutex_
  std::function<void(const PlanRecord&)> listener_;
};

}  // namespace moescope::runtime
