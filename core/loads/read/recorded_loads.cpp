#include "core/loads/read/recorded_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

using Index = std::size_t;
using Counts = std::vector<double>;

/// One layer in one window.
struct LayerRecord {
  Counts logical;
  std::map<int, Counts> slots;  ///< by rank
};
using WindowKey = std::pair<std::int64_t, std::int64_t>;  ///< begin, end
using WindowLayers = std::map<int, LayerRecord>;

struct RecordedPlan {
  std::string name;
  Plan plan;
};

void add(Counts& sum, const std::vector<std::uint32_t>& counts) {
  if (sum.size() < counts.size()) sum.resize(counts.size(), 0.0);
  for (Index i = 0; i < counts.size(); ++i) sum[i] += counts[i];
}

/// Plans that name the unit; when none does, those that name no unit at all.
std::vector<const Plan*> plans_for(const std::vector<RecordedPlan>& plans,
                                   const std::string& unit) {
  std::vector<const Plan*> named, common;
  for (const auto& p : plans) {
    const bool prefill = p.name.find("prefill") != std::string::npos;
    const bool decode = p.name.find("decode") != std::string::npos;
    if (!unit.empty() && p.name.find(unit) != std::string::npos) named.push_back(&p.plan);
    if (!prefill && !decode) common.push_back(&p.plan);
  }
  return named.empty() ? common : named;
}

/// The windows of one unit.
class UnitLoads {
 public:
  explicit UnitLoads(LoadLimits limits) : limits_(limits) {}

  void add_logical(const WindowKey& time, int layer, const std::vector<std::uint32_t>& counts) {
    experts_ = std::max(experts_, counts.size());
    add(record(time, layer).logical, counts);
  }
  void add_slots(const WindowKey& time, int layer, int rank,
                 const std::vector<std::uint32_t>& counts) {
    experts_ = std::max(experts_, counts.size());
    add(record(time, layer).slots[rank], counts);
    ranks_.insert(rank);
  }

  /// Nothing when it grows and has no whole window yet.
  std::optional<LoadSet> make(const std::string& source, const std::string& unit,
                              const std::vector<const Plan*>& plans, bool growing,
                              Progress& progress) const {
    LoadSet loads;
    loads.source = source;
    loads.format = "MoEscope recording";
    loads.engine = "moescope";
    loads.unit = unit;
    loads.layer_ids.assign(layers_.begin(), layers_.end());
    if (!ranks_.empty()) loads.num_gpus = static_cast<int>(ranks_.size());
    const Plan* plan = use_plans(loads, plans);
    const bool open = growing && !windows_.empty() && !whole(windows_.rbegin()->second, plans);
    const Index count = windows_.size() - (open ? 1 : 0);
    Index partial = 0, done = 0;
    for (auto window = windows_.begin(); done < count; ++window) {
      progress.report(static_cast<double>(done++) / static_cast<double>(count), "reading loads");
      if (window->second.size() != layers_.size())
        ++partial;
      else
        add_window(loads, {window->first.first, window->first.second}, window->second, plan);
    }
    if (growing && loads.windows.empty()) return std::nullopt;
    note_missing(loads, partial, count);
    loads.experts = static_cast<int>(loads.windows[0][0].size());
    finish_loads(loads);
    return loads;
  }

 private:
  LayerRecord& record(const WindowKey& time, int layer) {
    layers_.insert(layer);
    auto [window, added] = windows_.try_emplace(time);
    LayerRecord& found = window->second[layer];
    if (added) forget(window->first);
    return found;
  }

  /// Lets the oldest windows go, but not `newest`.
  void forget(const WindowKey& newest) {
    const Index values = std::max<Index>(1, layers_.size() * experts_);
    const Index kept = std::max<Index>(1, std::min(limits_.windows, limits_.values / values));
    while (windows_.size() > kept && windows_.begin()->first != newest) {
      windows_.erase(windows_.begin());
      ++forgotten_;
    }
  }

  /// Rows of a window come one after the other: by layer, and for each its ranks.
  bool whole(const WindowLayers& layers, const std::vector<const Plan*>& plans) const {
    Index expected = layers_.size();
    if (!plans.empty()) expected = std::max(expected, plans.back()->physical_to_logical.size());
    return layers.size() == expected &&
           std::all_of(layers.begin(), layers.end(), [&](const auto& layer) {
             return layer.second.slots.size() == ranks_.size();
           });
  }

  void note_missing(LoadSet& loads, Index partial, Index count) const {
    if (forgotten_ > 0)
      loads.notes.push_back(
          fmt::format("the newest {} windows are shown while it is recorded; the recording has {} "
                      "older ones",
                      count, forgotten_));
    if (partial > 0)
      loads.notes.push_back(
          fmt::format("{} of {} windows lack some layers (recording was cut off) and were left out",
                      partial, count));
    if (loads.windows.empty())
      throw Error(loads.source, "table loads", "has no window with all its layers");
  }

  /// Takes the running map, nodes and groups from the last plan that fits; nullptr when none does.
  const Plan* use_plans(LoadSet& loads, const std::vector<const Plan*>& plans) const {
    const Plan* last = nullptr;
    int different = 0;
    for (const Plan* plan : plans) {
      const bool fits = plan->layers() == static_cast<int>(layers_.size()) &&
                        (plan->layer_ids.empty() || plan->layer_ids == loads.layer_ids) &&
                        (ranks_.empty() || plan->num_gpus == static_cast<int>(ranks_.size()));
      if (!fits) continue;
      if (last != nullptr && last->physical_to_logical != plan->physical_to_logical) ++different;
      last = plan;
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
          "the plan changed {} during the recording: GPU loads are computed under the last plan, "
          "measured GPU loads are those of the plan in force at the time",
          times_text(different)));
    return last;
  }

  void add_window(LoadSet& loads, WindowTime time, const WindowLayers& layers,
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
                    "counts slots but not experts, and there is no plan that says what they hold");
      window.back().assign(static_cast<Index>(plan->num_experts), 0.0);
      fold_physical(slots, (*loads.running_map)[window.size() - 1], window.back(), loads.source);
    }
    loads.windows.push_back(std::move(window));
    loads.times.push_back(time);
    if (measured) loads.measured.push_back(std::move(gpus));
    if (loads.measured.size() != loads.windows.size()) loads.measured.clear();
  }

  LoadLimits limits_;
  std::map<WindowKey, WindowLayers> windows_;
  std::set<int> layers_, ranks_;
  Index experts_ = 0, forgotten_ = 0;
};

/// Rows that belong together: a recorder writes the counts of a layer by expert and then by rank;
/// a row of other times or another layer, or once more by expert, begins the next.
struct LoadGroup {
  WindowKey time;
  int layer = 0;
  std::vector<std::vector<std::uint32_t>> logical;  ///< until a row of a rank says whose they are
  bool counted = false;                             ///< had a row by expert
  UnitLoads* unit = nullptr;                        ///< nullptr: not known yet
};

}  // namespace

struct RecordedLoads::State {
  std::string source;
  LoadLimits limits;
  std::map<int, std::string> unit_of_rank;
  std::map<std::string, UnitLoads> units;
  std::optional<LoadGroup> group;
  bool ranks = false;  ///< some row was of a rank, or is to be expected
  std::vector<PlanRow> new_plans;
  std::vector<RecordedPlan> plans;

  UnitLoads& unit(const std::string& name) { return units.try_emplace(name, limits).first->second; }
  void give(UnitLoads& to);
  void read_plans();
};

/// Hands the counts by expert to the unit that they belong to.
void RecordedLoads::State::give(UnitLoads& to) {
  group->unit = &to;
  for (const auto& counts : std::exchange(group->logical, {}))
    to.add_logical(group->time, group->layer, counts);
}

void RecordedLoads::State::read_plans() {
  for (PlanRow& row : std::exchange(new_plans, {})) {
    auto reading = parse_plan(row.json, source);
    const bool valid = !has_errors(reading.problems) && !has_errors(validate_plan(reading.plan));
    if (valid) plans.push_back({std::move(row.name), std::move(reading.plan)});
  }
}

RecordedLoads::RecordedLoads(std::string source, LoadLimits limits)
    : state_(std::make_unique<State>()) {
  state_->source = std::move(source);
  state_->limits = limits;
}
RecordedLoads::~RecordedLoads() = default;
RecordedLoads::RecordedLoads(RecordedLoads&&) noexcept = default;

void RecordedLoads::add_process(int rank, std::string_view name) {
  for (const char* unit : {"prefill", "decode"})
    if (name.find(unit) != std::string_view::npos) {
      state_->unit_of_rank[rank] = unit;
      state_->ranks = true;
    }
}

void RecordedLoads::add(const LoadRow& row) {
  State& s = *state_;
  const WindowKey time{row.begin, row.end};
  const bool logical = row.space == "logical";
  const bool same = s.group && s.group->time == time && s.group->layer == row.layer;
  if (!same || (logical && !row.rank && s.group->counted)) {
    if (s.group && s.group->unit == nullptr) s.give(s.unit(""));
    s.group.emplace();
    s.group->time = time;
    s.group->layer = row.layer;
  }
  if (logical) {
    s.group->counted = true;
    if (s.group->unit == nullptr)
      s.group->logical.push_back(row.counts);
    else
      s.group->unit->add_logical(time, row.layer, row.counts);
    return;
  }
  s.ranks = true;
  const int rank = row.rank.value_or(0);
  if (s.group->unit == nullptr) {
    const auto name = s.unit_of_rank.find(rank);
    s.give(s.unit(name == s.unit_of_rank.end() ? std::string() : name->second));
  }
  s.group->unit->add_slots(time, row.layer, rank, row.counts);
}

void RecordedLoads::add_plan(PlanRow row) {
  state_->new_plans.push_back(std::move(row));
}

bool RecordedLoads::empty() const {
  return state_->units.empty() && !state_->group;
}

std::vector<LoadSet> RecordedLoads::sets(bool growing, Progress& progress) {
  State& s = *state_;
  // In a growing recording, the row that says whose the last counts are may still be under way.
  if (s.group && s.group->unit == nullptr && (!growing || !s.ranks)) s.give(s.unit(""));
  s.read_plans();
  std::vector<LoadSet> sets;
  // Tokens meet the prefill unit first.
  for (auto unit = s.units.rbegin(); unit != s.units.rend(); ++unit) {
    auto set = unit->second.make(s.source, unit->first, plans_for(s.plans, unit->first), growing,
                                 progress);
    if (set) sets.push_back(std::move(*set));
  }
  return sets;
}

}  // namespace moescope
