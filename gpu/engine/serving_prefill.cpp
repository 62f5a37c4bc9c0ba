#include <algorithm>
#include <array>
#include <thread>

#include "gpu/base/clock.h"
#include "gpu/engine/serving_request.h"

namespace moescope::runtime {

void Serving::prefill_loop() {
  guard(UnitKind::Prefill, [&] {
    std::uint64_t seen = 0;
    while (!stopping_) {
      take_arrivals();
      {
        std::lock_guard lock(mutex_);
        for (auto& [group, sequence] : releases_) parts_.prefill.pages(group).release(sequence);
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

/// Puts a prompt on the emptiest group that has room for it, its first half into one micro-batch
/// and its second into the other, so that both have about the same work. The first comes first: in
/// every layer its keys and values are there before the second attends to them.
bool Serving::place(const ActivePtr& active, std::vector<RankInput>& inputs) {
  static_assert(kMaxMicroBatches == 2);
  const int length = active->prompt_length(), room = parts_.options.group_tokens();
  const auto size = [&](int g, int b) {
    return inputs[static_cast<std::size_t>(g)].micro_batches[b].size();
  };
  const auto total = [&](int g) { return size(g, 0) + size(g, 1); };
  int group = -1;
  for (int g = 0; g < static_cast<int>(inputs.size()); ++g)
    if (total(g) + length <= 2 * room && (group < 0 || total(g) < total(group))) group = g;
  if (group < 0 || !parts_.prefill.pages(group).reserve(active->sequence, length)) return false;
  const int wanted = (total(group) + length) / 2 - size(group, 0);
  const int first = std::clamp(wanted, std::max(0, length - (room - size(group, 1))),
                               std::min(length, room - size(group, 0)));
  active->group = group;
  active->micro_batch = first == length ? 0 : 1;
  auto& input = inputs[static_cast<std::size_t>(group)];
  for (int t = 0; t < length; ++t)
    add_row(input.micro_batches[t < first ? 0 : 1], *active,
            active->request.prompt[static_cast<std::size_t>(t)], t);
  MicroBatch& last = input.micro_batches[active->micro_batch];
  last.sampled.push_back(last.size() - 1);
  return true;
}

/// Ranks without a prompt would wait for those that have one: a step is due when all groups have
/// one, or when a prompt has waited long enough.
bool Serving::batch_is_due() const {
  if (waiting_.empty()) return false;
  const double waited = static_cast<double>(steady_now() - waiting_.front()->arrival) / 1e9;
  return waiting_.size() >= static_cast<std::size_t>(parts_.prefill.groups()) ||
         waited >= parts_.options.batch_delay;
}

void Serving::rest_until_arrival() const {
  const std::int64_t left = arrivals_.next_arrival() - (steady_now() - start_);
  std::this_thread::sleep_for(
      std::chrono::nanoseconds(std::clamp<std::int64_t>(left, 100'000, 2'000'000)));
}

/// Runs as many waiting prompts as fit; sleeps a little when none are due.
void Serving::prefill_once() {
  if (!batch_is_due()) return rest_until_arrival();
  std::vector<RankInput> inputs(static_cast<std::size_t>(parts_.prefill.groups()));
  std::vector<ActivePtr> batch;
  while (!waiting_.empty() && place(waiting_.front(), inputs)) {
    batch.push_back(waiting_.front());
    waiting_.pop_front();
  }
  if (batch.empty()) return rest_until_arrival();
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
