// Loads of a recording: rows of the table `loads` become windows, a set for each unit.
#include <fmt/format.h>

#include <map>
#include <set>

#include "core/error.h"
#include "core/loads/formats.h"
#include "core/placement/validate.h"
#include "core/trace/moetrace_loads.h"
#include "core/trace/moetrace_schema.h"

namespace moescope {
namespace {

using Index = std::size_t;
using Counts = std::vector<double>;

/// One layer in one window: rows that follow one another in the table.
struct LayerRecord {
  std::int64_t begin = 0, end = 0;
  int layer = 0;
  Counts logical;
  std::map<int, Counts> slots;  ///< by rank
};

struct RecordedPlan {
  std::string name;
  Plan plan;
};

void add(Counts& sum, const std::vector<std::uint32_t>& counts) {
  if (sum.size() < counts.size()) sum.resize(counts.size(), 0.0);
  for (Index i = 0; i < counts.size(); ++i) sum[i] += counts[i];
}

/// A recorder writes the counts of a layer by expert and then by rank; a row of other times or
/// another layer, or once more by expert, begins the next.
std::vector<LayerRecord> records_of(std::vector<LoadRow> rows, Progress& progress) {
  std::vector<LayerRecord> records;
  for (const LoadRow& row : rows) {
    progress.check();
    const bool whole = row.space == "logical" && !row.rank;
    const bool same = !records.empty() && records.back().begin == row.begin &&
                      records.back().end == row.end && records.back().layer == row.layer;
    if (!same || (whole && !records.back().logical.empty()))
      records.push_back({row.begin, row.end, row.layer, {}, {}});
    if (row.space == "logical")
      add(records.back().logical, row.counts);
    else
      add(records.back().slots[row.rank.value_or(0)], row.counts);
  }
  return records;
}

/// "prefill" or "decode" by rank, from the names of the processes.
std::map<int, std::string> units_of_ranks(const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(*database, "SELECT rank, name FROM processes WHERE rank IS NOT NULL");
  std::map<int, std::string> units;
  while (rows.step()) {
    const auto name = rows.text(1);
    for (const char* unit : {"prefill", "decode"})
      if (name.find(unit) != std::string::npos)
        units[static_cast<int>(rows.integer(0, 0, 1 << 20))] = unit;
  }
  return units;
}

std::vector<RecordedPlan> plans_of(const std::filesystem::path& path) {
  std::vector<RecordedPlan> plans;
  for (PlanRow& row : read_plans(path)) {
    auto reading = parse_plan(row.json, path.string());
    const bool valid = !has_errors(reading.problems) && !has_errors(validate_plan(reading.plan));
    if (valid) plans.push_back({std::move(row.name), std::move(reading.plan)});
  }
  return plans;
}

/// Plans that name the unit; when none does, those that name no unit at all.
std::vector<RecordedPlan> plans_for(const std::vector<RecordedPlan>& plans,
                                    const std::string& unit) {
  std::vector<RecordedPlan> named, common;
  for (const auto& p : plans) {
    const bool prefill = p.name.find("prefill") != std::string::npos;
    const bool decode = p.name.find("decode") != std::string::npos;
    if (!unit.empty() && p.name.find(unit) != std::string::npos) named.push_back(p);
    if (!prefill && !decode) common.push_back(p);
  }
  return named.empty() ? common : named;
}

/// All windows of one unit.
class UnitLoads {
 public:
  void add(const LayerRecord& record) {
    auto& into = windows_[{record.begin, record.end}][record.layer];
    into.layer = record.layer;
    sum(into.logical, record.logical);
    for (const auto& [rank, counts] : record.slots) sum(into.slots[rank], counts);
    layers_.insert(record.layer);
    for (const auto& [rank, counts] : record.slots) ranks_.insert(rank);
  }

  LoadSet make(const std::string& source, const std::string& unit,
               const std::vector<RecordedPlan>& plans, Progress& progress) const {
    LoadSet loads;
    loads.source = source;
    loads.format = "MoEscope recording";
    loads.unit = unit;
    loads.layer_ids.assign(layers_.begin(), layers_.end());
    if (!ranks_.empty()) loads.num_gpus = static_cast<int>(ranks_.size());
    const Plan* plan = use_plans(loads, plans);
    Index partial = 0, done = 0;
    for (const auto& [time, layers] : windows_) {
      progress.report(static_cast<double>(done++) / static_cast<double>(windows_.size()),
                      "reading loads");
      if (layers.size() != layers_.size())
        ++partial;
      else
        add_window(loads, {time.first, time.second}, layers, plan);
    }
    if (partial > 0)
      loads.notes.push_back(
          fmt::format("{} of {} windows lack some layers (recording was cut off) and were left out",
                      partial, windows_.size()));
    if (loads.windows.empty())
      throw Error(source, "table loads", "has no window with all its layers");
    loads.experts = static_cast<int>(loads.windows[0][0].size());
    finish_loads(loads);
    return loads;
  }

 private:
  static void sum(Counts& into, const Counts& counts) {
    if (into.size() < counts.size()) into.resize(counts.size(), 0.0);
    for (Index i = 0; i < counts.size(); ++i) into[i] += counts[i];
  }

  /// Takes the running map, nodes and groups from the last plan that fits; nullptr when none does.
  const Plan* use_plans(LoadSet& loads, const std::vector<RecordedPlan>& plans) const {
    const Plan* last = nullptr;
    int different = 0;
    for (const auto& p : plans) {
      const bool fits = p.plan.layers() == static_cast<int>(layers_.size()) &&
                        (p.plan.layer_ids.empty() || p.plan.layer_ids == loads.layer_ids) &&
                        (ranks_.empty() || p.plan.num_gpus == static_cast<int>(ranks_.size()));
      if (!fits) continue;
      if (last != nullptr && last->physical_to_logical != p.plan.physical_to_logical) ++different;
      last = &p.plan;
    }
    if (last == nullptr) {
      if (!plans.empty()) loads.notes.push_back("no recorded plan fits the layers of these loads");
      return nullptr;
    }
    loads.running_map = last->physical_to_logical;
    loads.num_gpus = last->num_gpus;
    loads.num_nodes = last->num_nodes;
    if (last->num_groups > 1) loads.num_groups = last->num_groups;
    if (different > 0)
      loads.notes.push_back(fmt::format(
          "the plan changed {} times during the recording; figures of GPUs are under the last one, "
          "measured loads of GPUs under the plan of their time",
          different));
    return last;
  }

  void add_window(LoadSet& loads, WindowTime time, const std::map<int, LayerRecord>& layers,
                  const Plan* plan) const {
    LayerLoads window, gpus;
    bool measured = !ranks_.empty();
    for (const auto& [layer, record] : layers) {
      measured &= record.slots.size() == ranks_.size();
      Counts of_gpus, slots;
      for (const auto& [rank, counts] : record.slots) {
        double tokens = 0;
        for (const double count : counts) tokens += count;
        of_gpus.push_back(tokens);
        slots.insert(slots.end(), counts.begin(), counts.end());
      }
      gpus.push_back(std::move(of_gpus));
      window.push_back(record.logical);
      if (!record.logical.empty()) continue;
      if (plan == nullptr)
        throw Error(loads.source, fmt::format("table loads, layer {}", layer),
                    "counts slots but no experts, and there is no plan that tells what they hold");
      window.back().assign(static_cast<Index>(plan->num_experts), 0.0);
      fold_physical(slots, (*loads.running_map)[window.size() - 1], window.back(), loads.source);
    }
    loads.windows.push_back(std::move(window));
    loads.times.push_back(time);
    if (measured) loads.measured.push_back(std::move(gpus));
    if (loads.measured.size() != loads.windows.size()) loads.measured.clear();
  }

  std::map<std::pair<std::int64_t, std::int64_t>, std::map<int, LayerRecord>> windows_;
  std::set<int> layers_, ranks_;
};

}  // namespace

bool has_recorded_loads(const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  return database->value("SELECT EXISTS(SELECT 1 FROM loads)") != 0;
}

std::vector<LoadSet> load_formats::read_recording(const std::filesystem::path& path,
                                                  Progress& progress) {
  progress.report(0, "reading loads");
  const auto records = records_of(read_loads(path), progress);
  if (records.empty())
    throw Error(path.string(), "table loads", "the recording holds no expert loads",
                "Record with the embedded runtime (moescope record), which writes them");
  const auto ranks = units_of_ranks(path);
  std::map<std::string, UnitLoads> units;
  for (const auto& record : records) {
    std::string unit;
    if (!record.slots.empty())
      if (const auto found = ranks.find(record.slots.begin()->first); found != ranks.end())
        unit = found->second;
    units[unit].add(record);
  }
  const auto plans = plans_of(path);
  std::vector<LoadSet> sets;
  // Tokens meet the prefill unit first.
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit)
    sets.push_back(
        unit->second.make(path.string(), unit->first, plans_for(plans, unit->first), progress));
  return sets;
}

}  // namespace moescope
