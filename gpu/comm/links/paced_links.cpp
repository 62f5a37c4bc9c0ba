#include "gpu/comm/links/paced_links.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "gpu/comm/memory/activity.h"

namespace moescope::runtime {
namespace {

/// Links drop older entries, ns: no transfer is announced later than that.
constexpr std::int64_t kRemembered = 10'000'000'000;

class SteadyPaceClock final : public PaceClock {
 public:
  std::int64_t now() const override {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void sleep_until(std::int64_t time, const std::function<void()>& check) override {
    constexpr std::int64_t kCheck = 100'000'000, kSecond = 1'000'000'000;
    for (std::int64_t at = now(); at < time; at = now()) {
      check();
      const std::int64_t until = std::min(time, at + kCheck);
      const timespec wake{until / kSecond, until % kSecond};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr);  // a signal: looks again
    }
  }
};

}  // namespace

PaceClock& steady_pace_clock() {
  static SteadyPaceClock clock;
  return clock;
}

PacedLinks::PacedLinks(int first, int ranks, PaceClock& clock) : first_(first), clock_(clock) {
  for (int i = 0; i < 2 * ranks; ++i) sides_.push_back(std::make_unique<Side>());
}

PacedLinks::Side& PacedLinks::side(int rank, Link link) {
  return *sides_.at(static_cast<std::size_t>(2 * (rank - first_) + (link == Link::Ib ? 1 : 0)));
}

Departure PacedLinks::depart(int rank, Link link, std::size_t bytes, std::int64_t time) {
  const double rate = rates_.of(link);
  if (rate <= 0 || bytes == 0) return {};
  const auto duration =
      std::max<std::int64_t>(std::llround(static_cast<double>(bytes) / rate * 1e9), 1);
  Side& from = side(rank, link);
  std::lock_guard lock(from.mutex);
  from.out.forget(time - kRemembered);
  return {from.out.take(time, duration) - duration, duration, link};
}

std::int64_t PacedLinks::arrive(int rank, const Departure& departure) {
  if (departure.duration <= 0) return 0;
  Side& to = side(rank, departure.link);
  std::lock_guard lock(to.mutex);
  to.in.forget(departure.begin - kRemembered);
  return to.in.take(departure.begin, departure.duration) + rates_.latency;
}

void PacedLinks::sleep_until(std::int64_t time, const std::function<void()>& check) {
  const WaitsForOthers waits;  // for the link, however slow it is
  const std::int64_t now = clock_.now();
  if (time <= now) return;
  slept_ += time - now;
  clock_.sleep_until(time, check);
}

std::int64_t PacedLinks::taken(int rank, Link link, bool out) {
  Side& of = side(rank, link);
  std::lock_guard lock(of.mutex);
  return out ? of.out.taken() : of.in.taken();
}

}  // namespace moescope::runtime
