#include "app/commands/load_logs_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

struct Extent {
  double mean = 0, least = 0, most = 0;
};

Extent extent_of(const BalanceSeries& series) {
  Extent extent{0, series.points.front().value, series.points.front().value};
  for (const auto& point : series.points) {
    extent.mean += point.value / static_cast<double>(series.points.size());
    extent.least = std::min(extent.least, point.value);
    extent.most = std::max(extent.most, point.value);
  }
  return extent;
}

Json rank_json(int rank) {
  return rank < 0 ? Json() : Json(rank);
}

Json slow_json(const WaitMatrix& matrix) {
  Json list = Json::array();
  for (const auto& part : slow_parts(matrix.values))
    list.push_back({{"kind", std::string(to_string(part.kind))},
                    {"waiting_rank", rank_json(part.waiting)},
                    {"awaited_rank", rank_json(part.awaited)},
                    {"times_mean", part.times_mean}});
  return list;
}

}  // namespace

Json balance_log_json(const BalanceLog& log) {
  Json list = Json::array();
  for (const auto& series : log.series) {
    Json points = Json::array();
    for (const auto& point : series.points) points.push_back({point.step, point.value});
    const auto extent = extent_of(series);
    list.push_back({{"engine", series.engine},
                    {"name", series.name},
                    {"measure", series.measure},
                    {"higher_is_better", series.higher_is_better},
                    {"mean", extent.mean},
                    {"min", extent.least},
                    {"max", extent.most},
                    {"points", std::move(points)}});
  }
  Json events = Json::array();
  for (const auto& event : log.events)
    events.push_back({{"text", event.text},
                      {"line", event.line},
                      {"step", nullable(event.step)},
                      {"seconds", nullable(event.seconds)}});
  return {{"source", log.source},
          {"series", std::move(list)},
          {"events", std::move(events)},
          {"notes", log.notes}};
}

Json wait_log_json(const WaitLog& log) {
  Json list = Json::array();
  for (const auto& matrix : log.matrices) {
    Json rows = Json::array();
    for (int r = 0; r < matrix.values.rows; ++r) {
      Json row = Json::array();
      for (int c = 0; c < matrix.values.columns; ++c) {
        const double value = matrix.values.at(r, c);
        row.push_back(std::isnan(value) ? Json() : Json(value));
      }
      rows.push_back(std::move(row));
    }
    list.push_back({{"time", matrix.time},
                    {"ranks", matrix.values.rows},
                    {"slow", slow_json(matrix)},
                    {"waits", std::move(rows)}});
  }
  return {{"source", log.source}, {"matrices", std::move(list)}, {"notes", log.notes}};
}

void print_balance_log(const BalanceLog& log) {
  fmt::print("{}: balance from the log, {} series, {} rebalance events\n", log.source,
             log.series.size(), log.events.size());
  fmt::print("  engine        points     mean      min      max  what\n");
  for (const auto& series : log.series) {
    const auto extent = extent_of(series);
    fmt::print("  {:<12} {:>7} {:>8.4f} {:>8.4f} {:>8.4f}  {}: {}\n", series.engine,
               series.points.size(), extent.mean, extent.least, extent.most, series.name,
               series.measure);
  }
}

void print_wait_log(const WaitLog& log) {
  for (const auto& matrix : log.matrices) {
    fmt::print("{}: waits between {} ranks at {}\n", log.source, matrix.values.rows, matrix.time);
    const auto slow = slow_parts(matrix.values);
    if (slow.empty()) fmt::print("  no rank or path stands out\n");
    for (const auto& part : slow) {
      const auto name = to_string(part.kind);
      if (part.kind == SlowPart::Kind::CompSlow)
        fmt::print("  {}: all wait for rank {}, {:.1f} x the mean\n", name, part.awaited,
                   part.times_mean);
      else if (part.kind == SlowPart::Kind::MixedSlow)
        fmt::print("  {}: rank {} waits for all, {:.1f} x the mean\n", name, part.waiting,
                   part.times_mean);
      else
        fmt::print("  {}: rank {} waits for rank {}, {:.1f} x the mean\n", name, part.waiting,
                   part.awaited, part.times_mean);
    }
  }
}

}  // namespace moescope
