// Links between ranks whose transfers take wall time without holding a core: bytes / rate +
// latency. Each rank has one NVLink and one IB link, each with an egress and an ingress, and each
// direction carries one transfer at a time: many rows for one rank queue at its ingress. This code
// does not copy bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "gpu/comm/links/link_rates.h"
#include "gpu/comm/links/link_time.h"

namespace moescope::runtime {

/// ns, and how to wait for a time of it.
class PaceClock {
 public:
  virtual ~PaceClock() = default;
  virtual std::int64_t now() const = 0;
  /// Sleeps until `time`; calls check(), which may throw, about ten times per second.
  virtual void sleep_until(std::int64_t time, const std::function<void()>& check) = 0;
};
/// The steady clock.
PaceClock& steady_pace_clock();

/// A transfer under way, as its receiver sees it. Lies in shared memory.
struct Departure {
  std::int64_t begin = 0;     ///< when the first byte leaves, the others following without a pause
  std::int64_t duration = 0;  ///< that the bytes take; 0: nothing was sent
  Link link = Link::SameGpu;
};

class PacedLinks {
 public:
  /// `first`: address-space rank of the first of `ranks`. Without rates nothing takes time.
  PacedLinks(int first, int ranks, PaceClock& clock = steady_pace_clock());

  /// While nothing travels.
  void set_rates(const LinkRates& rates) { rates_ = rates; }
  const LinkRates& rates() const { return rates_; }
  bool paced() const { return rates_.paced(); }
  std::int64_t now() const { return clock_.now(); }

  /// `bytes` leave `rank`, which is hosted here, from `time` on.
  Departure depart(int rank, Link link, std::size_t bytes, std::int64_t time);
  /// When the last byte of it is at `rank`, which is hosted here; 0 when nothing was sent. The
  /// ingress is occupied from when the first byte left, so that nothing is stored in between.
  std::int64_t arrive(int rank, const Departure& departure);
  /// Sleeps until `time`, when what was on its way is there.
  void sleep_until(std::int64_t time, const std::function<void()>& check);
  /// How long ranks have slept so far, in total, ns.
  std::int64_t slept() const { return slept_; }
  /// Time that the bytes that left (or came to) a rank took on a link, ns.
  std::int64_t taken(int rank, Link link, bool out);

 private:
  struct Side {
    std::mutex mutex;
    LinkTime out, in;
  };
  Side& side(int rank, Link link);

  int first_;
  PaceClock& clock_;
  LinkRates rates_;
  std::atomic<std::int64_t> slept_{0};
  std::vector<std::unique_ptr<Side>> sides_;  ///< [rank][NVLink, IB]
};

}  // namespace moescope::runtime
