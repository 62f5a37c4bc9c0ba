// Rates of paced links, their option and their text.
#pragma once

#include <cstdint>
#include <string>

#include "gpu/base/traffic.h"

namespace moescope::runtime {

/// NVLink and IB of one GPU, each way. A transfer takes bytes / rate + latency.
struct LinkRates {
  double nvlink = 0, ib = 0;  ///< bytes per second; 0: takes no time
  std::int64_t latency = 0;   ///< ns

  bool paced() const { return nvlink > 0 || ib > 0; }
  /// Within a GPU nothing takes time.
  double of(Link link) const { return link == Link::NvLink ? nvlink : link == Link::Ib ? ib : 0; }
  friend bool operator==(const LinkRates&, const LinkRates&) = default;
};

/// Default time of a small message on either link, ns.
inline constexpr std::int64_t kLinkLatency = 10'000;
/// NVLink over IB, of the links that are fitted to a machine.
inline constexpr double kNvlinkOverIb = 3;

struct PaceOption {
  enum class Mode : std::uint8_t {
    Off,  ///< transfers take what copying takes
    Fit,  ///< links fitted so that a step spends as long on them as on everything else
    Given,
  };
  Mode mode = Mode::Off;
  LinkRates rates;   ///< of Given
  double cores = 0;  ///< of a rank, unless Off; 0: an equal share of the machine's
};

/// Reads "off", "auto" or "nvlink=GB/S,ib=GB/S,latency=US,cores=N", any part of it in any order; a
/// link that is not named takes no time. Throws Error naming the key.
PaceOption parse_pace(const std::string& text);
/// "NVLink 81.2 MB/s, IB 27.1 MB/s, latency 10 us".
std::string rates_text(const LinkRates& rates);

}  // namespace moescope::runtime
