#include "gpu/comm/links/link_rates.h"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "core/error.h"

namespace moescope::runtime {
namespace {

constexpr const char* kExpected = "give auto, off, or nvlink=GB/S,ib=GB/S,latency=US,cores=N";

/// The whole text as a number between `least` and `most`.
double number(const std::string& key, const std::string& text, double least, double most) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  char rest = 0;
  if (!(in >> value) || in >> rest || !std::isfinite(value))
    throw Error("--pace", key, fmt::format("'{}' is not a number", text), kExpected);
  if (value < least || value > most)
    throw Error("--pace", key, fmt::format("{} is not between {} and {}", text, least, most),
                kExpected);
  return value;
}

std::string rate_text(double bytes_per_second) {
  if (bytes_per_second <= 0) return "takes no time";
  return bytes_per_second < 1e9 ? fmt::format("{:.4g} MB/s", bytes_per_second / 1e6)
                                : fmt::format("{:.4g} GB/s", bytes_per_second / 1e9);
}

}  // namespace

PaceOption parse_pace(const std::string& text) {
  if (text == "off") return {};
  if (text == "auto") return {PaceOption::Mode::Fit, {}, 0};
  PaceOption option{PaceOption::Mode::Given, {0, 0, kLinkLatency}, 0};
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    constexpr double kLeast = 1e-6, kMost = 1e6;  // GB/s
    if (key == "nvlink")
      option.rates.nvlink = number(key, value, kLeast, kMost) * 1e9;
    else if (key == "ib")
      option.rates.ib = number(key, value, kLeast, kMost) * 1e9;
    else if (key == "latency")
      option.rates.latency = std::llround(number(key, value, 0, 1e6) * 1e3);
    else if (key == "cores")
      option.cores = number(key, value, 1e-6, 1e3);
    else
      throw Error("--pace", key, "there is no such setting", kExpected);
  }
  if (!option.rates.paced()) throw Error("--pace", text, "names no link", kExpected);
  return option;
}

std::string rates_text(const LinkRates& rates) {
  return fmt::format("NVLink {}, IB {}, latency {} us", rate_text(rates.nvlink),
                     rate_text(rates.ib), static_cast<double>(rates.latency) / 1e3);
}

}  // namespace moescope::runtime
