// Expert loads and placement plans in a .moetrace: the tables `loads` and `plans`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/file/sqlite.h"
#include "core/trace/types.h"

namespace moescope {

/// Tokens by expert in one layer and one window of time: a row of the table `loads`.
struct LoadRow {
  TimeNs begin = 0, end = 0;
  int layer = 0;                      ///< model layer
  std::string space = "logical";      ///< "logical", or "physical": the slots of `rank` in order
  std::optional<int> rank;            ///< nullopt: of all ranks together
  std::vector<std::uint32_t> counts;  ///< by expert or slot; stored as little-endian u32
  friend bool operator==(const LoadRow&, const LoadRow&) = default;
};

/// A placement plan in force from `time`, as JSON of the command line contract.
struct PlanRow {
  TimeNs time = 0;
  std::string name, json;
};

/// All rows of `loads` in order of writing. Throws Error (not a .moetrace, damaged row).
std::vector<LoadRow> read_load_rows(const std::filesystem::path& path);
/// All rows of `plans` in order of time. Throws Error (not a .moetrace).
std::vector<PlanRow> read_plans(const std::filesystem::path& path);

namespace tables {
void write_loads(sqlite::Database& database, const LoadRow& row);
void write_plan(sqlite::Database& database, const PlanRow& row);
}  // namespace tables

}  // namespace moescope
