// Loads of recordings: the tables `loads` and `plans` of a .moetrace.
#include "core/trace/file/moetrace_loads.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/recorded_loads.h"
#include "core/trace/file/moetrace_schema.h"
#include "core/trace/losses.h"

namespace moescope {
namespace {

void add_processes(RecordedLoads& loads, const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(*database, "SELECT rank, name FROM processes WHERE rank IS NOT NULL");
  while (rows.step())
    loads.add_process(static_cast<int>(rows.integer(0, 0, 1 << 20)), rows.text(1));
}

/// Adds notes on windows that the recorder lost: their tokens are in no figure.
void note_losses(std::vector<LoadSet>& sets, const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(*database,
                         "SELECT kind, reason, min(begin_ns), max(end_ns), sum(count) FROM losses "
                         "WHERE kind IN ('dropped_loads', 'disconnected') GROUP BY kind, reason");
  while (rows.step()) {
    const double begin = rows.real(2) / 1e9, end = rows.real(3) / 1e9;
    const std::string what =
        rows.text(0) == to_string(LossKind::Disconnected)
            ? "nothing was received"
            : fmt::format("{} rows of loads were dropped",
                          rows.is_null(4) ? "some" : std::to_string(rows.integer(4)));
    for (LoadSet& set : sets)
      set.notes.push_back(fmt::format(
          "{} at times between {:.3f} and {:.3f} s, so windows of that time are missing "
          "or lack tokens: {}",
          what, begin, end, rows.text(1)));
  }
}

}  // namespace

bool has_recorded_loads(const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  return database->value("SELECT EXISTS(SELECT 1 FROM loads)") != 0;
}

std::vector<LoadSet> load_formats::read_recording(const std::filesystem::path& path,
                                                  Progress& progress) {
  progress.report(0, "reading loads");
  RecordedLoads loads(path.string());
  add_processes(loads, path);
  for (const LoadRow& row : read_load_rows(path)) {
    progress.check();
    loads.add(row);
  }
  if (loads.empty())
    throw Error(path.string(), "table loads", "the recording holds no expert loads",
                "Record with the embedded runtime (moescope record), which writes them");
  for (PlanRow& row : read_plans(path)) loads.add_plan(std::move(row));
  auto sets = loads.sets(false, progress);
  note_losses(sets, path);
  return sets;
}

}  // namespace moescope
