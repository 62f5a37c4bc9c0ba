#include <algorithm>
#include <array>
#include <thread>

#include "gpu/base/clock.h"
#include "gpu/engine/serving_request.h"

namespace moescope::runtime {

void Serving::decode_loop() {
  guard(UnitKind::Decode, [&] {
    std::uint64_t seen = 0;
    while (!stopping_) {
      admit();
      retire();
      parts_.figures.decoding(running_.size());
      parts_.gate.pass(UnitKind::Decode, parts_.decode.steps(), running_.empty());
      settle(parts_.decode, seen);
      if (!running_.empty()) {
        decode_once();
        continue;
      }
      std::unique_lock lock(mutex_);
      handed_.wait_for(lock, std::chrono::milliseconds(5),
                       [&] { return stopping_ || !hand_overs_.empty(); });
    }
  });
}

void Serving::admit() {
  for (;;) {
    ActivePtr active;
    {
      std::lock_guard lock(mutex_);
      if (hand_overs_.empty()) return;
      active = hand_overs_.front();
    }
    if (!hand_over(active)) return;  // no room: they wait where they are
    std::lock_guard lock(mutex_);
    hand_overs_.pop_front();
  }
}

/// Gives a request to the emptiest decode group, whose ranks fetch its pages from their prefill
/// counterparts; false when there is no room.
bool Serving::hand_over(const ActivePtr& active) {
  const int groups = parts_.decode.groups();
  std::vector<int> load(static_cast<std::size_t>(groups * kMaxMicroBatches));
  for (const ActivePtr& other : running_)
    ++load[static_cast<std::size_t>(other->group * kMaxMicroBatches + other->micro_batch)];
  const int place = static_cast<int>(std::min_element(load.begin(), load.end()) - load.begin());
  if (load[static_cast<std::size_t>(place)] >= parts_.options.group_tokens()) return false;
  const int group = place / kMaxMicroBatches, length = active->prompt_length();
  KvSequence copy;
  if (!parts_.decode.pages(group).reserve(copy, length + active->request.output_length))
    return false;
  for (int i = 0; i < parts_.options.tp; ++i)
    active->pages_there =
        std::max(active->pages_there,
                 copy_pages(*active, copy, parts_.prefill.first_member(active->group) + i,
                            parts_.decode.first_member(group) + i));
  {
    std::lock_guard lock(mutex_);
    releases_.emplace_back(active->group, active->sequence);
  }
  copy.length = length;
  active->sequence = copy;
  active->group = group;
  active->micro_batch = place % kMaxMicroBatches;
  running_.push_back(active);
  return true;
}

/// Member `to` of the decode unit reads the pages that member `from` of the prefill unit holds;
/// they are there at the time that it returns.
std::int64_t Serving::copy_pages(const Active& active, const KvSequence& copy, int from, int to) {
  const std::int64_t begin = steady_now();
  const auto pages = parts_.prefill.page_places(from, active.sequence);
  parts_.decode.fetch_pages(to, copy, pages);
  const std::size_t total = pages.size() * parts_.decode.page_bytes();
  const int source = parts_.prefill.group().first + from, by = parts_.decode.group().first + to;
  const Link link = parts_.space.link(by, source);
  const std::int64_t there = arrival_of(parts_.prefill, source, parts_.decode, by, link, total);
  if (parts_.recorder == nullptr) return there;
  SpanRecord span{
      begin, there, SpanName::KvHandOver, -1, -1, parts_.decode.steps(), active.prompt_length()};
  (link == Link::Ib ? span.ib_bytes : span.nvlink_bytes) = total;
  parts_.recorder->log(static_cast<std::size_t>(by))->streams[kKvStream].push(span);
  return there;
}

/// Those whose keys and values are there; sleeps a little when there are none.
std::vector<Serving::ActivePtr> Serving::ready() const {
  std::vector<ActivePtr> batch;
  const std::int64_t now = steady_now();
  std::int64_t next = now + 5'000'000;
  for (const ActivePtr& active : running_)
    if (active->pages_there <= now)
      batch.push_back(active);
    else
      next = std::min(next, active->pages_there);
  if (batch.empty()) std::this_thread::sleep_for(std::chrono::nanoseconds(next - now));
  return batch;
}

void Serving::decode_once() {
  const auto batch = ready();
  if (batch.empty()) return;
  std::vector<RankInput> inputs(static_cast<std::size_t>(parts_.decode.groups()));
  for (const ActivePtr& active : batch) {
    auto& input =
        inputs[static_cast<std::size_t>(active->group)].micro_batches[active->micro_batch];
    add_row(input, *active, active->output.back(), active->sequence.length);
    input.sampled.push_back(input.size() - 1);
  }
  const std::int64_t begin = steady_now();
  const auto results = parts_.decode.step(inputs);
  SampledRows next(inputs.size());
  for (const ActivePtr& active : batch) {
    const auto group = static_cast<std::size_t>(active->group);
    const auto mb = static_cast<std::size_t>(active->micro_batch);
    active->output.push_back(sample(results[group], active->micro_batch, next[group][mb]++));
    ++active->sequence.length;
  }
  const int count = static_cast<int>(batch.size());
  note_step(parts_.decode, begin, count, count);
  retire();
}

/// Releases the requests that have all their tokens.
void Serving::retire() {
  std::erase_if(running_, [&](const ActivePtr& active) {
    if (static_cast<int>(active->output.size()) < active->request.output_length) return false;
    finish(*active);
    parts_.decode.pages(active->group).release(active->sequence);
    return true;
  });
}

void Serving::finish(const Active& active) {
  RequestRecord record{active.request.id,
                       active.request.topic,
                       active.prompt_length(),
                       static_cast<int>(active.output.size()),
                       active.arrival,
                       active.first_token,
                       steady_now()};
  parts_.figures.finished(record);
  if (keep_) outputs_.emplace_back(active.request, active.output);
  if (parts_.recorder != nullptr) parts_.recorder->add_request(record);
}

}  // namespace moescope::runtime
