#include <algorithm>
#include <array>
#include <thread>

#include "gpu/engine/serving_request.h"
#include "gpu/engine/worker_team.h"

namespace moescope::runtime {

void Serving::prefill_loop() {
  guard(UnitKind::Prefill, [&] {
    std::uint64_t seen = 0;
    while (!stopping_) {
      take_arrivals();
      {
        std::lock_guard lock(mutex_);
        for (auto& [group, sequence] : releases_) book(parts_.prefill, group).release(sequence);
        releases_.clear();
      }
      parts_.gate.pass(UnitKind::Prefill, parts_.prefill.steps(), waiting_.empty());
      settle(parts_.prefill, seen);
      prefill_once();
    }
  });
}

void Serving::take_arrivals() {
  std::optional<WorkloadOptions> changed;
  {
    std::lock_guard lock(mutex_);
    if (seen_workloads_ != workloads_) changed = workload_;
    seen_workloads_ = workloads_;
  }
  const std::int64_t now = steady_now() - start_;
  if (changed) arrivals_.change(*changed, now);
  while (arrivals_.next_arrival() <= now) {
    auto active = std::make_shared<Active>();
    active->request = arrivals_.next();
    active->arrival = start_ + active->request.arrival;
    waiting_.push_back(std::move(active));
    parts_.figures.arrived();
  }
  parts_.figures.waiting(waiting_.size());
}

/// Puts a prompt on the emptiest group and micro-batch that has room for it.
bool Serving::place(const ActivePtr& active, std::vector<RankInput>& inputs) {
  const int length = active->prompt_length();
  int group = -1, mb = 0;
  const auto size = [&](int g, int b) {
    return inputs[static_cast<std::size_t>(g)].micro_batches[b].size();
  };
  for (int g = 0; g < static_cast<int>(inputs.size()); ++g)
    for (int b = 0; b < kMaxMicroBatches; ++b)
      if (size(g, b) + length <= parts_.options.group_tokens() &&
          (group < 0 || size(g, b) < size(group, mb))) {
        group = g;
        mb = b;
      }
  if (group < 0 || !book(parts_.prefill, group).reserve(active->sequence, length)) return false;
  active->group = group;
  active->micro_batch = mb;
  auto& input = inputs[static_cast<std::size_t>(group)].micro_batches[mb];
  for (int t = 0; t < length; ++t)
    add_row(input, *active, active->request.prompt[static_cast<std::size_t>(t)], t);
  input.sampled.push_back(input.size() - 1);
  return true;
}

/// Runs as many waiting prompts as fit; sleeps a little when there are none.
void Serving::prefill_once() {
  std::vector<RankInput> inputs(static_cast<std::size_t>(parts_.prefill.groups()));
  std::vector<ActivePtr> batch;
  while (!waiting_.empty() && place(waiting_.front(), inputs)) {
    batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  if (batch.empty()) {
    const std::int64_t left = arrivals_.next_arrival() - (steady_now() - start_);
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::clamp<std::int64_t>(left, 100'000, 2'000'000)));
    return;
  }
  const std::int64_t begin = steady_now();
  const auto results = parts_.prefill.step(inputs);
  const std::int64_t now = steady_now();
  SampledRows next(inputs.size());
  int tokens = 0;
  for (const ActivePtr& active : batch) {
    const auto group = static_cast<std::size_t>(active->group);
    const auto mb = static_cast<std::size_t>(active->micro_batch);
    active->output.push_back(sample(results[group], active->micro_batch, next[group][mb]++));
    active->first_token = now;
    active->sequence.length = active->prompt_length();
    tokens += active->sequence.length;
  }
  note_step(parts_.prefill, begin, static_cast<int>(batch.size()), tokens);
  {
    std::lock_guard lock(mutex_);
    hand_overs_.insert(hand_overs_.end(), batch.begin(), batch.end());
  }
  handed_.notify_one();
}

}  // namespace moescope::runtime
