#include "core/agent/agent_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/version.h"

namespace moescope {

TimeNs AgentRecorder::time(double seconds) const {
  return static_cast<TimeNs>(std::max(0.0, seconds - start_) * 1e9);
}

void AgentRecorder::engine_known(const RankHello& lead) {
  if (!tracks_.empty()) return;  // a restart: the ranks are the same
  for (int rank = 0; rank < lead.size; ++rank) {
    Process process;
    process.label = fmt::format("rank {}", rank);
    process.pid = fmt::format("{}", rank);
    process.name = lead.engine;
    process.rank = rank;
    process.world_size = lead.size;
    const ProcessId id = sink_.add_process(process);
    Device device;
    device.process = id;
    device.index = 0;
    device.name = lead.engine + " rank";
    sink_.add_device(device);
    tracks_.push_back(sink_.add_track({id, TrackType::Thread, -1, 0, "expert balancer"}));
    if (rank == 0) engine_ = id;
  }
  TraceInfo info;
  info.format = "moescope-agent";
  info.producer = "moescope-agent " + program_version();
  info.start_epoch_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
  info.extra = {{"engine", lead.engine + " " + lead.version},
                {"plugin", lead.plugin},
                {"mode", to_string(lead.mode)}};
  sink_.set_info(info);
  sink_.end_round();
}

void AgentRecorder::plan_in_force(std::uint64_t epoch, const std::string& name, const Plan& plan,
                                  double now) {
  sink_.add_plan({time(now), fmt::format("epoch {}: {}", epoch, name), plan_json(plan)});
  sink_.end_round();
}

void AgentRecorder::rank_moved(int rank, const std::string& what, std::int64_t slots, double begin,
                               double end) {
  if (rank >= static_cast<int>(tracks_.size())) return;
  TimeNs& last = last_begin_[rank];
  last = std::max(last, time(begin));
  Span span;
  span.start = last;
  span.duration = std::max<TimeNs>(0, time(end) - last);
  span.name = sink_.strings().intern("rebalance");
  SpanBatch batch;
  batch.add(span, nlohmann::json{{"map", what}, {"slots", slots}}.dump(
                      -1, ' ', false, nlohmann::json::error_handler_t::replace));
  sink_.append(tracks_[static_cast<std::size_t>(rank)], std::move(batch));
  sink_.end_round();
}

void AgentRecorder::loads_between(const std::vector<int>& layers,
                                  const std::vector<std::vector<std::uint64_t>>& tokens,
                                  double imbalance, double begin, double end) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LoadRow row;
    row.begin = time(begin);
    row.end = time(end);
    row.layer = layers[i];
    for (const std::uint64_t count : tokens[i])
      row.counts.push_back(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max())));
    sink_.add_loads(std::move(row));
  }
  CounterSeries series;
  series.process = engine_;
  series.name = "imbalance, mean of layers";
  series.times = {time(end)};
  series.values = {imbalance};
  sink_.add_counter(std::move(series));
  sink_.end_round();
}

void AgentRecorder::served(const ScrapedEngine& engine, double now) {
  if (tracks_.empty()) return;  // no engine yet that they could be of
  const std::pair<const char*, const std::optional<double>&> series[] = {
      {"running requests", engine.running},
      {"waiting requests", engine.waiting},
      {"KV cache in use", engine.cache_use},
      {"generated tokens per second", engine.tokens_per_second}};
  for (const auto& [name, value] : series) {
    if (!value || !std::isfinite(*value)) continue;
    CounterSeries counter;
    counter.process = engine_;
    counter.name = name;
    counter.times = {time(now)};
    counter.values = {*value};
    sink_.add_counter(std::move(counter));
  }
  sink_.end_round();
}

}  // namespace moescope
