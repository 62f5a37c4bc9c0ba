#include "gpu/engine/plan/plan_book.h"

#include <algorithm>
#include <chrono>

#include "gpu/base/clock.h"

namespace moescope::runtime {
namespace {
constexpr const char* kEnded = "the engine does not serve any more";
constexpr const char* kTooMany = "too many changes of plan wait already";
}  // namespace

PlanTicket PlanBook::add(const Plan& plan, std::uint64_t base_epoch, const PlanOptions& options) {
  PlanRecord change;
  std::lock_guard notifying(notify_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (!options.id.empty())
      for (const PlanRecord& other : changes_)
        if (other.id == options.id) return other.ticket;
    change.ticket = forgotten_ + changes_.size() + 1;
    change.id = options.id;
    change.who = options.who;
    change.name = options.name;
    change.base_epoch = change.epoch = base_epoch;
    change.proposed = steady_now();
    change.wall_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    if (closed_ || waiting_.size() >= kWaiting) {
      change.phase = PlanPhase::Refused;
      change.reason = closed_ ? kEnded : kTooMany;
      change.ended = change.proposed;
    } else {
      waiting_.push_back({change.ticket, plan, options});
    }
    changes_.push_back(change);
    for (; changes_.size() > kKept && is_final(changes_.front().phase); ++forgotten_)
      changes_.pop_front();
  }
  changed_.notify_all();
  if (listener_) listener_(change);
  return change.ticket;
}

std::optional<Proposal> PlanBook::next() {
  std::unique_lock lock(mutex_);
  under_way_ = 0;
  undone_by_.clear();
  changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
  if (closed_) return std::nullopt;
  Proposal proposal = std::move(waiting_.front());
  waiting_.pop_front();
  under_way_ = proposal.ticket;
  return proposal;
}

void PlanBook::update(PlanTicket ticket, const std::function<void(PlanRecord&)>& change) {
  PlanRecord copy;
  std::lock_guard notifying(notify_mutex_);
  {
    std::lock_guard lock(mutex_);
    PlanRecord& entry = changes_.at(ticket - 1 - forgotten_);
    change(entry);
    if (is_final(entry.phase)) under_way_ = 0;
    copy = entry;
  }
  if (listener_) listener_(copy);
}

std::optional<PlanTicket> PlanBook::undo(const std::string& who) {
  {
    std::lock_guard lock(mutex_);
    if (under_way_ == 0) return std::nullopt;
    undone_by_ = who.empty() ? "a client" : who;
  }
  changed_.notify_all();
  std::lock_guard lock(mutex_);
  return under_way_ == 0 ? std::nullopt : std::optional(under_way_);
}

std::string PlanBook::undone_by() const {
  std::lock_guard lock(mutex_);
  return undone_by_;
}

void PlanBook::wait_for_undo(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [&] { return closed_ || !undone_by_.empty(); });
}

void PlanBook::close() {
  std::deque<Proposal> left;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(waiting_);
  }
  changed_.notify_all();
  for (const Proposal& proposal : left)
    update(proposal.ticket, [](PlanRecord& change) {
      change.phase = PlanPhase::Refused;
      change.reason = kEnded;
      change.ended = steady_now();
    });
}

bool PlanBook::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

const PlanRecord* PlanBook::known(PlanTicket ticket) const {
  if (ticket <= forgotten_ || ticket > forgotten_ + changes_.size()) return nullptr;
  return &changes_[ticket - 1 - forgotten_];
}

std::optional<PlanRecord> PlanBook::find(PlanTicket ticket) const {
  std::lock_guard lock(mutex_);
  const PlanRecord* const change = known(ticket);
  return change == nullptr ? std::nullopt : std::optional(*change);
}

std::vector<PlanRecord> PlanBook::all() const {
  std::lock_guard lock(mutex_);
  return {changes_.begin(), changes_.end()};
}

void PlanBook::listen(std::function<void(const PlanRecord&)> listener) {
  std::lock_guard notifying(notify_mutex_);
  listener_ = std::move(listener);
}

}  // namespace moescope::runtime
