#include "core/cluster/scrape/engine_figures.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <map>

namespace moescope {
namespace {

/// Sum over label sets of the first of these names that there is.
std::optional<double> sum_of(const MetricsReading& reading,
                             std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::optional<double> sum;
    for (const MetricSample& sample : reading.samples)
      if (sample.name == name) sum = sum.value_or(0) + sample.value;
    if (sum) return sum;
  }
  return std::nullopt;
}

/// Mean over label sets, for shares: ranks have a cache each.
std::optional<double> mean_of(const MetricsReading& reading,
                              std::initializer_list<const char*> names) {
  for (const char* name : names) {
    double sum = 0;
    std::size_t count = 0;
    for (const MetricSample& sample : reading.samples)
      if (sample.name == name) {
        sum += sample.value;
        ++count;
      }
    if (count > 0) return sum / static_cast<double>(count);
  }
  return std::nullopt;
}

std::optional<double> quantile_of(const MetricsReading& reading, double q,
                                  std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto value = histogram_quantile(reading, name, q)) return value;
  return std::nullopt;
}

double bound_of(const std::string& text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = std::numeric_limits<double>::quiet_NaN();
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::optional<double> histogram_quantile(const MetricsReading& reading, const std::string& name,
                                         double q) {
  std::map<double, double> below;  // by upper bound
  for (const MetricSample& sample : reading.samples) {
    if (sample.name != name + "_bucket") continue;
    const auto bound = sample.labels.find("le");
    if (bound == sample.labels.end()) continue;
    if (const double value = bound_of(bound->second); value == value) below[value] += sample.value;
  }
  if (below.empty() || !(below.rbegin()->second > 0)) return std::nullopt;
  const double wanted = q * below.rbegin()->second;
  double low = 0, before = 0;
  for (const auto& [bound, count] : below) {
    if (count >= wanted) {
      if (bound == std::numeric_limits<double>::infinity()) return low;
      return count > before ? low + (bound - low) * (wanted - before) / (count - before) : bound;
    }
    low = bound;
    before = count;
  }
  return low;
}

ScrapedEngine engine_of(const MetricsReading& reading) {
  ScrapedEngine out;
  out.samples = reading.samples.size();
  out.skipped = reading.skipped;
  for (const MetricSample& sample : reading.samples) {
    if (sample.name.rfind("sglang:", 0) == 0) out.engine = "sglang";
    if (sample.name.rfind("vllm:", 0) == 0) out.engine = "vllm";
    if (const auto model = sample.labels.find("model_name");
        model != sample.labels.end() && out.model.empty())
      out.model = model->second;
  }
  out.running = sum_of(reading, {"sglang:num_running_reqs", "vllm:num_requests_running"});
  out.waiting = sum_of(reading, {"sglang:num_queue_reqs", "vllm:num_requests_waiting"});
  out.tokens_per_second = sum_of(reading, {"sglang:gen_throughput"});
  out.generated_tokens =
      sum_of(reading, {"sglang:generation_tokens_total", "vllm:generation_tokens_total"});
  out.cache_use = mean_of(
      reading, {"sglang:token_usage", "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"});
  const auto ttft = {"sglang:time_to_first_token_seconds", "vllm:time_to_first_token_seconds"};
  const auto tpot = {"sglang:inter_token_latency_seconds", "vllm:inter_token_latency_seconds",
                     "sglang:time_per_output_token_seconds", "vllm:time_per_output_token_seconds"};
  out.ttft_p50 = quantile_of(reading, 0.5, ttft);
  out.ttft_p95 = quantile_of(reading, 0.95, ttft);
  out.tpot_p50 = quantile_of(reading, 0.5, tpot);
  out.tpot_p95 = quantile_of(reading, 0.95, tpot);
  out.balancedness = mean_of(reading, {"vllm:eplb_balancedness_avg"});
  out.missing = {
      "loads of experts and the plan in force: the plugin moescope-engine tells them to "
      "moescope-agent",
      "moves of experts with their times, and changes of plan: likewise"};
  if (out.engine.empty())
    out.missing.push_back("figures of SGLang or vLLM: none of their names is here");
  return out;
}

}  // namespace moescope
