// Loads of recordings: the tables `loads` and `plans` of a .moetrace.
#include "core/error.h"
#include "core/loads/formats.h"
#include "core/loads/recorded_loads.h"
#include "core/trace/moetrace_loads.h"
#include "core/trace/moetrace_schema.h"

namespace moescope {
namespace {

void add_processes(RecordedLoads& loads, const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(*database, "SELECT rank, name FROM processes WHERE rank IS NOT NULL");
  while (rows.step())
    loads.add_process(static_cast<int>(rows.integer(0, 0, 1 << 20)), rows.text(1));
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
  for (const LoadRow& row : read_loads(path)) {
    progress.check();
    loads.add(row);
  }
  if (loads.empty())
    throw Error(path.string(), "table loads", "the recording holds no expert loads",
                "Record with the embedded runtime (moescope record), which writes them");
  for (PlanRow& row : read_plans(path)) loads.add_plan(std::move(row));
  return loads.sets(false, progress);
}

}  // namespace moescope
