// The threads of a unit's ranks, and the steps they do together.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "gpu/base/thread_state.h"
#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

void CpuUnit::start_threads() {
  for (const auto& rank : ranks_)
    for (int stream = 0; stream < streams_of(options_.kind); ++stream)
      threads_.emplace_back(
          [this, &rank = *rank, stream] { serve(rank, static_cast<StreamId>(stream)); });
}

/// A stream of a rank: does its items of every step in order.
void CpuUnit::serve(RankRunner& rank, StreamId stream) {
  Activity& activity = rank.activity(stream);
  activity.thread = static_cast<std::int32_t>(this_thread());
  Activity::current = &activity;
  std::uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
    }
    try {
      for (const Item& item : schedule_.streams[static_cast<std::size_t>(stream)]) {
        const std::int64_t ready = rank.board().wait_for(item);
        const InsidePart inside(activity);
        rank.run(stream, item, ready);
        rank.board().done(item);
      }
    } catch (const Aborted&) {
      abort_boards();
    } catch (const std::exception& failure) {
      fail(std::current_exception(), failure.what());
    }
    std::lock_guard lock(mutex_);
    if (--running_ == 0) finished_.notify_one();
  }
}

void CpuUnit::fail(std::exception_ptr what, const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(what);
  }
  shared_.space->abort(reason);
  abort_boards();
}

void CpuUnit::abort_boards() {
  for (const auto& rank : ranks_) rank->board().abort();
}

/// Runs a step on the ranks of this process.
void CpuUnit::run_here(std::span<const RankInput> inputs) {
  for (const auto& rank : ranks_)
    rank->begin(inputs[static_cast<std::size_t>(shared_.groups.of(rank->member()))], steps_);
  std::unique_lock lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  running_ = static_cast<int>(threads_.size());
  ++generation_;
  wake_.notify_all();
  finished_.wait(lock, [&] { return running_ == 0; });
  if (error_) std::rethrow_exception(error_);
  if (shared_.space->aborted()) throw Aborted();
  ++steps_;
  loads_ = {};
  for (const auto& rank : ranks_) add_loads({rank->logical_loads(), rank->physical_loads()});
}

void CpuUnit::add_loads(const StepLoads& part) {
  const auto add = [](std::vector<std::vector<std::uint32_t>>& sum, const auto& counts) {
    sum.resize(counts.size());
    for (std::size_t layer = 0; layer < counts.size(); ++layer) {
      sum[layer].resize(counts[layer].size());
      for (std::size_t i = 0; i < counts[layer].size(); ++i) sum[layer][i] += counts[layer][i];
    }
  };
  add(loads_.logical, part.logical);
  add(loads_.physical, part.physical);
}

std::vector<RankOutput> CpuUnit::step(std::span<const RankInput> inputs) {
  if (inputs.size() != static_cast<std::size_t>(groups()))
    throw std::invalid_argument("a step needs input for every attention group");
  try {
    if (link_) {
      MessageWriter rest;
      rest.put(shared_.probing);
      write_inputs(rest, inputs, route_size());
      send(UnitCommand::Step, rest.take());
    }
    run_here(inputs);
    return collect(inputs.size());
  } catch (const Aborted&) {
    throw Error("run", "", shared_.space->abort_reason());
  }
}

std::vector<RankOutput> CpuUnit::ordered_step(std::span<const RankInput> inputs) {
  shared_.probing = true;
  auto outputs = step(inputs);
  shared_.probing = false;
  return outputs;
}

std::vector<RankThreads> CpuUnit::rank_threads() const {
  std::vector<RankThreads> result;
  for (const auto& rank : ranks_) {
    RankThreads& one = result.emplace_back();
    one.rank = shared_.group.first + rank->member();
    for (int i = 0; i < streams_of(options_.kind); ++i) {
      const auto stream = static_cast<StreamId>(i);
      one.streams.push_back({&rank->activity(stream), [runner = rank.get(), stream] {
                               auto threads = runner->team(stream).worker_threads();
                               threads.push_back(runner->activity(stream).thread.load());
                               return threads;
                             }});
    }
  }
  return result;
}

}  // namespace moescope::runtime
