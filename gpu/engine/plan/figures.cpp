#include "gpu/engine/plan/figures.h"

#include <algorithm>
#include <numeric>

namespace moescope::runtime {
namespace {

constexpr std::int64_t kWindow = 1'000'000'000;        ///< ns
constexpr std::int64_t kRemembered = 600'000'000'000;  ///< ns of token gaps

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

Figures::Figures(double ttft_target, double tpot_target, int ranks)
    : ttft_target_(ttft_target), tpot_target_(tpot_target), ranks_(ranks) {}

void Figures::arrived() {
  std::lock_guard lock(mutex_);
  ++arrived_;
}

void Figures::waiting(std::uint64_t prompts) {
  std::lock_guard lock(mutex_);
  waiting_ = prompts;
}

void Figures::decoding(std::uint64_t requests) {
  std::lock_guard lock(mutex_);
  decoding_ = requests;
  if (requests == 0) last_decode_ = 0;
}

void Figures::finished(RequestRecord& request) {
  std::lock_guard lock(mutex_);
  request.in_target = request.ttft() <= ttft_target_ && request.tpot() <= tpot_target_;
  in_target_ += request.in_target;
  ttft_.push_back(request.ttft());
  if (request.output > 1) tpot_.push_back(request.tpot());
  output_tokens_ += static_cast<std::uint64_t>(request.output);
}

bool Figures::step(const StepRecord& step, const StepLoads& loads) {
  const auto unit = static_cast<std::size_t>(step.unit);
  std::lock_guard lock(mutex_);
  steps_[unit] = step.step + 1;
  tokens_[unit] += static_cast<std::uint64_t>(step.tokens);
  if (step.unit == UnitKind::Decode) {
    const std::int64_t since = last_decode_ == 0 ? step.begin : last_decode_;
    gaps_.push_back({step.end, step.end - since, step.requests});
    while (gaps_.front().end < step.end - kRemembered) gaps_.pop_front();
    last_decode_ = step.end;
  }
  Window& window = window_[unit];
  if (window.steps == 0) window.begin = step.begin;
  window.end = step.end;
  ++window.steps;
  window.tokens += static_cast<std::uint64_t>(step.tokens);
  window.ranks.resize(loads.physical.size());
  for (std::size_t layer = 0; layer < loads.physical.size(); ++layer) {
    const auto& slots = loads.physical[layer];
    auto& sums = window.ranks[layer];
    sums.resize(static_cast<std::size_t>(ranks_));
    const std::size_t each = slots.size() / sums.size();
    for (std::size_t slot = 0; slot < slots.size(); ++slot) sums[slot / each] += slots[slot];
  }
  if (window.end - window.begin < kWindow) return false;
  full_[unit] = std::move(window);
  window = {};
  return true;
}

void Figures::budget(UnitKind unit, WorkerBudget granted, WorkerBudget observed) {
  std::lock_guard lock(mutex_);
  granted_[static_cast<std::size_t>(unit)] = node_workers(granted);
  observed_[static_cast<std::size_t>(unit)] = node_workers(observed);
}

double Figures::mean_tpot(std::int64_t from, std::int64_t to) const {
  std::lock_guard lock(mutex_);
  double time = 0, tokens = 0;
  for (const Token& token : gaps_) {
    if (token.end < from || token.end >= to) continue;
    time += static_cast<double>(token.gap) * token.requests;
    tokens += token.requests;
  }
  return tokens > 0 ? time / tokens / 1e9 : 0;
}

std::uint64_t Figures::tokens(UnitKind unit) const {
  std::lock_guard lock(mutex_);
  return tokens_[static_cast<std::size_t>(unit)];
}

std::uint32_t Figures::steps(UnitKind unit) const {
  std::lock_guard lock(mutex_);
  return steps_[static_cast<std::size_t>(unit)];
}

std::uint64_t Figures::output_tokens() const {
  std::lock_guard lock(mutex_);
  return output_tokens_;
}

void Figures::fill(NodeStatus& status) const {
  std::lock_guard lock(mutex_);
  status.arrived = arrived_;
  status.waiting = waiting_;
  status.decoding = decoding_;
  status.finished = ttft_.size();
  status.ttft_p50 = quantile(ttft_, 0.5);
  status.ttft_p95 = quantile(ttft_, 0.95);
  status.tpot_p50 = quantile(tpot_, 0.5);
  status.tpot_p95 = quantile(tpot_, 0.95);
  if (!ttft_.empty())
    status.within_target = static_cast<double>(in_target_) / static_cast<double>(ttft_.size());
  for (std::size_t unit = 0; unit < 2; ++unit) {
    const Window& full = full_[unit];
    NodeUnit& to = status.units[unit];
    to.steps = steps_[unit];
    to.granted = granted_[unit];
    to.observed = observed_[unit];
    const double seconds = static_cast<double>(full.end - full.begin) / 1e9;
    if (seconds > 0) {
      to.steps_per_second = full.steps / seconds;
      to.tokens_per_second = static_cast<double>(full.tokens) / seconds;
    }
    for (const auto& layer : full.ranks) {
      const auto sum = std::accumulate(layer.begin(), layer.end(), std::uint64_t{0});
      const double mean = static_cast<double>(sum) / ranks_;
      const auto most = static_cast<double>(*std::max_element(layer.begin(), layer.end()));
      to.imbalance.push_back(sum > 0 ? most / mean : 1);
      for (int rank = 0; rank < ranks_; ++rank) {
        const auto at = unit * static_cast<std::size_t>(ranks_) + static_cast<std::size_t>(rank);
        if (at < status.ranks.size())
          status.ranks[at].tokens += layer[static_cast<std::size_t>(rank)];
      }
    }
  }
}

}  // namespace moescope::runtime
