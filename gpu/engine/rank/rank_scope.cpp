#include "gpu/engine/rank/rank_scope.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "gpu/base/clock.h"

namespace moescope::runtime {
namespace {

/// Attention gathers and scatters on the stream that computes it; all else is sent by the
/// communication stream.
bool sent_by(StreamId stream, Purpose purpose) {
  const bool attention = purpose == Purpose::AllGather || purpose == Purpose::ReduceScatter;
  return stream == StreamId::Communication ? !attention : attention;
}

}  // namespace

RankRunner::Scope::Scope(RankRunner& runner, StreamId stream, SpanName name, const Item& item,
                         int tokens)
    : runner_(runner),
      stream_(stream),
      begin_(runner_.span_begin_[static_cast<std::size_t>(stream_)]) {
  if (paced()) {
    processor_ = thread_processor_time();
    runner_.team(stream_).take_processor_time();
  }
  if (runner_.log_ == nullptr) return;
  span_ = {begin_,
           0,
           name,
           static_cast<std::int16_t>(item.layer),
           static_cast<std::int8_t>(item.micro_batch),
           runner_.step_,
           tokens,
           runner_.log_->next_correlation()};
  if (item.layer >= runner_.shared_.model->config.layers) span_.layer = -1;
  held().assign(static_cast<std::size_t>(runner_.team(stream_).size()), {});
  before_ = sent();
}

bool RankRunner::Scope::paced() const {
  return stream_ != StreamId::Communication &&
         (runner_.shared_.worker_cores > 0 || runner_.shared_.trial);
}

void RankRunner::Scope::fill_share() {
  WorkerTeam& team = runner_.team(stream_);
  const std::int64_t worked = thread_processor_time() - processor_ + team.take_processor_time();
  UnitShared& shared = runner_.shared_;
  const double cores = (shared.worker_cores > 0 ? shared.worker_cores : 1) * team.size();
  const std::int64_t share = std::llround(static_cast<double>(worked) / cores);
  if (shared.trial) shared.computed[static_cast<std::size_t>(stream_)] += share;
  if (shared.worker_cores <= 0) return;
  const std::int64_t end = begin_ + share;
  // In short sleeps: a run that was aborted is not waited for.
  constexpr std::int64_t kLook = 50'000'000;
  const WaitsForOthers waits;
  for (std::int64_t now = steady_now(); now < end && !shared.space->aborted(); now = steady_now())
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(end - now, kLook)));
}

RankRunner::Scope::~Scope() {
  if (paced()) fill_share();
  const std::int64_t end = steady_now();
  runner_.span_begin_[static_cast<std::size_t>(stream_)] = end;
  if (runner_.log_ == nullptr) return;
  span_.end = end;
  const auto [nvlink, ib] = sent();
  span_.nvlink_bytes = nvlink - before_.first;
  span_.ib_bytes = ib - before_.second;
  const auto stream = static_cast<std::size_t>(stream_);
  runner_.log_->streams[stream].push(span_);
  // The stream's own worker is held for the whole span, also while it waits for other ranks.
  held()[0] = {span_.begin, span_.end, 0, 0};
  const int first = runner_.team(stream_).first_worker();
  for (std::size_t i = 0; i < held().size(); ++i) {
    WorkerRecord record = held()[i];
    if (record.end == 0) continue;
    record.worker = static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(i);
    record.correlation = span_.correlation;
    runner_.log_->workers[stream].push(record);
  }
}

std::pair<std::uint64_t, std::uint64_t> RankRunner::Scope::sent() const {
  const bool gathers = !runner_.shared_.tensor.empty();
  if (stream_ == StreamId::Experts || (stream_ == StreamId::Compute && !gathers)) return {0, 0};
  const AddressSpace& space = *runner_.shared_.space;
  const int rank = runner_.shared_.group.first + runner_.member_;
  std::pair<std::uint64_t, std::uint64_t> sum;
  for (int purpose = 0; purpose < kPurposes; ++purpose) {
    if (!sent_by(stream_, static_cast<Purpose>(purpose))) continue;
    sum.first += space.bytes_sent(rank, static_cast<Purpose>(purpose), Link::NvLink);
    sum.second += space.bytes_sent(rank, static_cast<Purpose>(purpose), Link::Ib);
  }
  return sum;
}

}  // namespace moescope::runtime
