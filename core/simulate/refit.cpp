#include "core/simulate/refit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace moescope {
namespace {

constexpr std::size_t kFewest = 8;        ///< spans
constexpr double kLeastSpread = 0.05;     ///< of the work, standard deviation over mean
constexpr std::size_t kMost = 1'000'000;  ///< spans kept
constexpr int kFewestSteps = 4;           ///< that an error is taken from

/// Work of a span (bytes, operations) and how long it took, s.
struct Sample {
  double work, seconds;
  double step = -1;  ///< of the recording; below zero: not known
};

struct Samples {
  std::vector<Sample> ib, nvlink, experts;
  bool seen_transfer = false, seen_expert = false;
  bool decode = false;  ///< the transfers are of decode steps
};

/// A straight line through samples: seconds = overhead + work / rate.
struct Line {
  double overhead = 0, rate = 0, residual = 0;
};

std::optional<Line> fit(const std::vector<Sample>& samples, std::string& why) {
  if (samples.size() < kFewest) {
    why = fmt::format("{} spans with known work, {} are needed", samples.size(), kFewest);
    return std::nullopt;
  }
  const double n = static_cast<double>(samples.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& s : samples) x += s.work / n, y += s.seconds / n;
  for (const auto& s : samples) {
    xx += (s.work - x) * (s.work - x);
    xy += (s.work - x) * (s.seconds - y);
  }
  if (std::sqrt(xx / n) < kLeastSpread * x) {
    why = "all spans have nearly the same work, so that rate and overhead cannot be separated";
    return std::nullopt;
  }
  if (!(xy > 0)) {
    why = "spans with more work are not longer";
    return std::nullopt;
  }
  Line line;
  line.rate = xx / xy;
  line.overhead = y - x / line.rate;
  if (line.overhead < 0) {  // through the origin then
    double sum = 0, squares = 0;
    for (const auto& s : samples) sum += s.work * s.seconds, squares += s.work * s.work;
    line = {0, squares / sum, 0};
  }
  for (const auto& s : samples) {
    const double error = (line.overhead + s.work / line.rate) / s.seconds - 1;
    line.residual += error * error / n;
  }
  line.residual = std::sqrt(line.residual);
  return line;
}

double argument(const nlohmann::json& args, const char* key) {
  const auto it = args.find(key);
  return it != args.end() && it->is_number() ? it->get<double>() : 0;
}

Samples gather(const Trace& trace, const Classification& classes, const Hardware& hardware,
               const ModelShape& model, TimeRange range, const Progress& progress) {
  Samples found;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    trace.visit_chunks(track, range, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      const auto& c = chunk.columns();
      std::vector<std::string> arguments;
      for (std::size_t row = 0; row < c.size(); ++row) {
        const auto name = classes.of(c.kind[row], c.name[row]);
        const bool transfer =
            name.span_class == SpanClass::Dispatch || name.span_class == SpanClass::Combine;
        const bool expert = name.span_class == SpanClass::Expert;
        if (c.start[row] < range.begin || c.start[row] >= range.end) continue;
        if (name.waits || c.duration[row] <= 0 || (!transfer && !expert)) continue;
        found.seen_transfer |= transfer;
        found.seen_expert |= expert;
        if (arguments.empty()) arguments = chunk.args().rows();
        if (row >= arguments.size() || arguments[row].empty()) continue;
        const auto args = nlohmann::json::parse(arguments[row], nullptr, false);
        if (!args.is_object()) continue;
        if (transfer) found.decode = args.value("phase", nlohmann::json()) == "decode";
        const double seconds = static_cast<double>(c.duration[row]) * 1e-9;
        const double ib = argument(args, "ib_bytes"), nvlink = argument(args, "nvlink_bytes");
        const double tokens = argument(args, "tokens");
        // A transfer belongs to the link that takes longer.
        const double step = args.contains("step") ? argument(args, "step") : -1;
        const bool over_ib = ib / hardware.ib_gb_per_s >= nvlink / hardware.nvlink_gb_per_s;
        auto& links = over_ib ? found.ib : found.nvlink;
        if (transfer && ib + nvlink > 0 && links.size() < kMost)
          links.push_back({over_ib ? ib : nvlink, seconds, step});
        if (expert && tokens > 0 && found.experts.size() < kMost)
          found.experts.push_back({tokens * model.expert_flops(), seconds, step});
      }
      return true;
    });
  return found;
}

bool odd(double step) {
  return std::fmod(step, 2) != 0;
}

/// The error of a stage whose spans go over the given kinds of work, each with a line of its own.
RefitError error_left_out(const char* stage,
                          std::initializer_list<const std::vector<Sample>*> kinds) {
  std::map<double, std::pair<double, double>> steps;  // predicted and measured seconds of each
  std::string ignored;
  for (const bool held : {false, true})
    for (const auto* samples : kinds) {
      std::vector<Sample> kept;
      for (const auto& s : *samples)
        if (s.step >= 0 && odd(s.step) != held) kept.push_back(s);
      const auto line = fit(kept, ignored);
      if (!line) continue;
      for (const auto& s : *samples) {
        if (s.step < 0 || odd(s.step) != held) continue;
        auto& [predicted, measured] = steps[s.step];
        predicted += line->overhead + s.work / line->rate;
        measured += s.seconds;
      }
    }
  RefitError result{stage, std::nullopt, static_cast<int>(steps.size())};
  if (result.steps < kFewestSteps) return result;
  double squares = 0;
  for (const auto& [step, time] : steps)
    squares += (time.first / time.second - 1) * (time.first / time.second - 1);
  result.error = std::sqrt(squares / result.steps);
  return result;
}

}  // namespace

Refit refit_hardware(const Trace& trace, const Classification& classes, const Hardware& hardware,
                     const ModelShape& model, Progress& progress, std::optional<TimeRange> range) {
  progress.report(0, "reading spans with known work");
  const auto samples =
      gather(trace, classes, hardware, model, range.value_or(trace.range()), progress);
  Refit result{hardware, {}, {}};
  const auto take = [&](const char* name, const std::vector<Sample>& from, bool seen, auto value_of,
                        double Hardware::*member, const char* work) {
    RefitConstant constant{.name = name, .samples = from.size()};
    std::string why;
    if (const auto line = fit(from, why)) {
      const double value = value_of(*line);
      constant.value = value;
      constant.residual = line->residual;
      constant.how = fmt::format("least squares of duration over {}", work);
      result.hardware.*member = value;
      result.hardware.sources[name] =
          "refitted from " +
          (trace.info().files.empty() ? std::string("a trace") : trace.info().files.front());
    } else {
      constant.how = !seen          ? "the trace has no such spans"
                     : from.empty() ? fmt::format("the spans do not record their {}", work)
                                    : why;
    }
    result.constants.push_back(std::move(constant));
  };
  const auto gigabytes = [](const Line& line) { return line.rate / 1e9; };
  const auto micro = [](const Line& line) { return line.overhead * 1e6; };
  const double peak =
      (model.precision == Precision::Fp8 ? hardware.fp8_tflops : hardware.bf16_tflops) * 1e12;
  take("ib_gb_per_s", samples.ib, samples.seen_transfer, gigabytes, &Hardware::ib_gb_per_s,
       "bytes over InfiniBand");
  take("nvlink_gb_per_s", samples.nvlink, samples.seen_transfer, gigabytes,
       &Hardware::nvlink_gb_per_s, "bytes over NVLink");
  const auto& links = samples.ib.size() >= samples.nvlink.size() ? samples.ib : samples.nvlink;
  take(samples.decode ? "low_latency_us" : "normal_latency_us", links, samples.seen_transfer, micro,
       samples.decode ? &Hardware::low_latency_us : &Hardware::normal_latency_us, "bytes");
  take(
      "gemm_efficiency", samples.experts, samples.seen_expert,
      [&](const Line& line) { return std::min(1.0, line.rate / peak); }, &Hardware::gemm_efficiency,
      "tokens");
  take("kernel_overhead_us", samples.experts, samples.seen_expert, micro,
       &Hardware::kernel_overhead_us, "tokens");
  const auto fitted = [&](std::initializer_list<const char*> names) {
    return std::any_of(result.constants.begin(), result.constants.end(), [&](const auto& constant) {
      return constant.value && std::find(names.begin(), names.end(), constant.name) != names.end();
    });
  };
  if (fitted({"gemm_efficiency"})) {
    result.errors.push_back(error_left_out("experts", {&samples.experts}));
    result.hardware.experts_error = result.errors.back().error;
  }
  if (fitted({"ib_gb_per_s", "nvlink_gb_per_s"})) {
    result.errors.push_back(error_left_out("transfer", {&samples.ib, &samples.nvlink}));
    result.hardware.transfer_error = result.errors.back().error;
  }
  // What was fitted to the recording must count: rooflines with it instead of fitted kernels.
  if (std::any_of(result.constants.begin(), result.constants.end(),
                  [](const RefitConstant& constant) { return constant.value.has_value(); }))
    result.hardware.kernels = {};
  return result;
}

}  // namespace moescope
