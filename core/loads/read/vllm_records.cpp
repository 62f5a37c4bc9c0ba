#include "core/loads/read/vllm_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace moescope::load_formats {

void VllmRecords::fail(const std::string& problem) const {
  throw Error(
      loads_.source, place_, problem,
      "Expected counts [layer][slot] with the map of slots to experts, as vLLM writes them");
}

void VllmRecords::add_record(const Json& record, const std::string& place) {
  place_ = place;
  const auto type = record.value("record_type", Json());
  if (type == "eplb_load_meta") {
    meta(record);
  } else if (type == "eplb_load_stats") {
    check_version(record);
    if (const auto ranks = count(record, "num_ranks", kMaxPlanGpus)) loads_.num_gpus = ranks;
    add_step(record, "expert_load", "p2l_map");
  } else {
    ++unknown_;
  }
}

void VllmRecords::add_snapshot(const Json& snapshot, const std::string& place) {
  place_ = place;
  if (!snapshot.is_object()) fail("is not an object");
  const bool window = snapshot.contains("window_expert_load");
  if (!window) ++latest_;
  add_step(snapshot, window ? "window_expert_load" : "latest_expert_load",
           "physical_to_logical_map");
  const auto step = snapshot.find("step");
  if (step == snapshot.end()) return;
  if (!step->is_number_integer()) fail("step is not a whole number");
  step_numbers_.push_back(step->get<std::int64_t>());
}

void VllmRecords::add_facts(const Json& facts, const std::string& place) {
  place_ = place;
  if (const auto ranks = count(facts, "world_size", kMaxPlanGpus)) loads_.num_gpus = ranks;
  if (const auto steps = count(facts, "window_size", 1 << 30)) window_size_ = *steps;
  if (const auto experts = count(facts, "num_logical_experts", kMaxPlanExperts))
    loads_.experts = *experts;
}

bool VllmRecords::measured() const {
  const int gpus = loads_.num_gpus.value_or(0);
  return gpus > 0 && std::all_of(steps_.begin(), steps_.end(), [&](const Step& step) {
           return step.load.front().size() % static_cast<std::size_t>(gpus) == 0;
         });
}

void VllmRecords::fold(const Step& step, bool measured, LoadBudget& budget) {
  auto& window = loads_.windows.emplace_back();
  if (measured) loads_.measured.emplace_back();
  budget.take(1, step.load.size(), static_cast<std::size_t>(loads_.experts), "a record");
  for (std::size_t l = 0; l < step.load.size(); ++l) {
    if (l >= step.map->size())
      throw Error(loads_.source, "", "a map of slots has fewer layers than its loads");
    if (measured) loads_.measured.back().push_back(gpu_sums(step.load[l], *loads_.num_gpus));
    window.emplace_back(static_cast<std::size_t>(loads_.experts), 0.0);
    fold_physical(step.load[l], (*step.map)[l], window.back(), loads_.source);
  }
}

void VllmRecords::finish() {
  place_.clear();
  if (steps_.empty()) fail("holds no record of loads");
  // Without a count in the file the experts are those that the maps name.
  for (const auto& step : steps_)
    for (const auto& row : *step.map)
      for (const int e : row) loads_.experts = std::max(loads_.experts, e + 1);
  const bool by_gpu = measured();
  LoadBudget budget(loads_.source);
  for (const auto& step : steps_) fold(step, by_gpu, budget);
  loads_.engine = "vllm";
  loads_.running_map = *map_;
  if (!std::is_sorted(step_numbers_.begin(), step_numbers_.end())) loads_.ordered_in_time = false;
  add_notes();
}

void VllmRecords::add_notes() {
  auto& notes = loads_.notes;
  if (changes_ > 0)
    notes.push_back(fmt::format(
        "the placement changed {} during the recording; each record was counted with its own map",
        times_text(changes_)));
  if (unknown_ > 0)
    notes.push_back(fmt::format("{} records of other types were skipped", unknown_));
  if (latest_ > 0)
    notes.push_back(fmt::format(
        "{} snapshots have the load of their last step only, without window_expert_load", latest_));
  const auto overlaps = [&](std::int64_t before, std::int64_t step) {
    return step >= before && step - before < window_size_;
  };
  if (std::adjacent_find(step_numbers_.begin(), step_numbers_.end(), overlaps) !=
      step_numbers_.end())
    notes.push_back(fmt::format(
        "a snapshot sums the last {} steps and some follow each other faster: these share steps",
        window_size_));
  if (changes_ > 0 && window_size_ > 0)
    notes.emplace_back(
        "a snapshot just after a change of the placement may hold steps from before it, counted "
        "with the new map");
  notes.emplace_back(
      "with naive dispatch vLLM multiplies the load by the data-parallel size; shares are right, "
      "totals may not be");
}

void VllmRecords::check_version(const Json& record) const {
  if (record.value("version", Json(1)) != 1) fail("has a version other than 1");
}

std::optional<int> VllmRecords::count(const Json& record, const char* key, int limit) {
  const auto it = record.find(key);
  if (it == record.end()) return std::nullopt;
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() > static_cast<std::uint64_t>(limit))
    fail(fmt::format("{} is not a number of 0..{}", key, limit));
  return it->get<int>();
}

void VllmRecords::meta(const Json& record) {
  check_version(record);
  loads_.num_gpus = count(record, "num_ranks", kMaxPlanGpus);
}

void VllmRecords::add_step(const Json& record, const char* load, const char* map_key) {
  Step step;
  rows(record, load, step.load);
  if (record.contains(map_key)) {
    Map map;
    rows(record, map_key, map);
    const bool same = map_ && map == *map_;
    if (map_ && !same) ++changes_;
    if (!same) map_ = std::make_shared<const Map>(std::move(map));
  }
  step.map = map_;
  if (!step.map) fail(fmt::format("has no {} and none came before", map_key));
  steps_.push_back(std::move(step));
}

template <typename T>
void VllmRecords::rows(const Json& record, const char* key, std::vector<std::vector<T>>& into) {
  const auto it = record.find(key);
  if (it == record.end() || !it->is_array() || it->empty() || it->size() > kMaxPlanLayers)
    fail(fmt::format("{} is not a list of layers", key));
  for (const auto& row : *it) {
    if (!row.is_array() || row.size() > kMaxPlanSlots)
      fail(fmt::format("a layer of {} is not a list", key));
    auto& values = into.emplace_back();
    for (const auto& v : row) {
      if (!v.is_number() || v.get<double>() < 0 || v.get<double>() > 1e15 ||
          (std::is_same_v<T, int> && v.get<double>() >= kMaxPlanExperts))
        fail(fmt::format("{} holds {}", key,
                         v.dump(-1, ' ', false, Json::error_handler_t::replace)));
      values.push_back(v.get<T>());
    }
    budget_.take_row(row.size(), place_);
  }
}

}  // namespace moescope::load_formats
