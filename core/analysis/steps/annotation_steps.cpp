#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "core/analysis/steps/step_places.h"

namespace moescope {
namespace {

/// Scopes with names of one form, which may be the steps.
struct Candidate {
  std::vector<const ScopeOverlap*> scopes;
  bool numbered = true;  ///< every name holds the number of its step
};

/// "ProfilerStep#7" -> "ProfilerStep#", "step[DECODE bs=64]" -> "step[DECODE bs=#]".
std::string form_of(const std::string& name) {
  static const RE2 digits(R"(\d+)");
  std::string form = name;
  RE2::GlobalReplace(&form, digits, "#");
  return form;
}

/// Names under which frameworks annotate a forward pass or an iteration.
bool may_be_step(const std::string& form) {
  static const RE2 words(
      R"((?i)(^|[^a-z])(profiler ?step|step|iteration|iter|execute_(context|new|model)\w*|forward(_batch)?|model_runner|decode|prefill|extend|generation)([^a-z]|$))");
  static const RE2 parts(
      R"((?i)layer|attn|attention|mlp|moe|expert|dispatch|combine|optimizer|pre_|post_|block)");
  return RE2::PartialMatch(form, words) && !RE2::PartialMatch(form, parts);
}

/// The number of the step in a name such as "ProfilerStep#7".
std::optional<std::uint64_t> number_in(const std::string& name) {
  static const RE2 number_of_step(R"((?i)(?:step|iteration|iter|pass)[ _#:]*(\d{1,18}))");
  std::uint64_t number = 0;
  return RE2::PartialMatch(name, number_of_step, &number) ? std::optional(number) : std::nullopt;
}

std::string phase_of(const std::string& name) {
  static const RE2 prefill(R"((?i)prefill|extend)"), decode(R"((?i)decode)");
  const bool first = RE2::PartialMatch(name, prefill), second = RE2::PartialMatch(name, decode);
  return first == second ? "" : first ? "prefill" : "decode";
}

/// One step of one device.
struct Occurrence {
  TimeRange range;
  const ScopeOverlap* scope;
};
using ByDevice = std::map<DeviceKey, std::vector<Occurrence>>;

/// Numbered scopes occur once a device, whatever stretches they consist of; others once a stretch.
ByDevice occurrences_of(const Candidate& candidate) {
  ByDevice by_device;
  for (const ScopeOverlap* scope : candidate.scopes) {
    auto& list = by_device[scope->key];
    if (candidate.numbered)
      list.push_back({{scope->ranges.front().begin, scope->ranges.back().end}, scope});
    else
      for (const TimeRange& range : scope->ranges) list.push_back({range, scope});
  }
  for (auto& [key, list] : by_device)
    std::sort(list.begin(), list.end(), [](const Occurrence& a, const Occurrence& b) {
      return a.range.begin < b.range.begin;
    });
  return by_device;
}

/// At most half of a step may run beside the one before: the tail that a launch ahead leaves.
bool overlap_little(const std::vector<Occurrence>& list) {
  for (std::size_t i = 1; i < list.size(); ++i)
    if (list[i - 1].range.end - list[i].range.begin > list[i].range.length() / 2) return false;
  return true;
}

IntervalSet busy_of(const std::vector<DeviceActivity>& activity, const DeviceKey& key) {
  const DeviceActivity* device = find_activity(activity, key);
  return device == nullptr ? IntervalSet()
                           : device->compute.unite(device->comm).unite(device->memory);
}

/// GPU work in the steps of a candidate, ns; 0 when these cannot be steps: there is but one, they
/// overlap, or they leave out half of the work of their devices.
TimeNs work_in_steps(const std::vector<DeviceActivity>& activity, const ByDevice& by_device) {
  TimeNs inside = 0, all = 0;
  bool several = false;
  for (const auto& [key, list] : by_device) {
    if (!overlap_little(list)) return 0;
    several |= list.size() > 1;
    const IntervalSet busy = busy_of(activity, key);
    std::vector<TimeRange> ranges;
    for (const Occurrence& occurrence : list) ranges.push_back(occurrence.range);
    inside += busy.intersect(IntervalSet::union_of(std::move(ranges))).length();
    all += busy.length();
  }
  return several && inside >= all / 2 ? inside : 0;
}

PlacedSteps placed(const std::string& form, const Candidate& candidate, const ByDevice& by_device) {
  PlacedSteps found{fmt::format("annotations \"{}\"", form), {}};
  std::map<std::uint64_t, PlacedStep> steps;
  for (const auto& [key, list] : by_device)
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string& name = list[i].scope->name;
      const std::uint64_t number = candidate.numbered ? *number_in(name) : i;
      PlacedStep& step = steps[number];
      step.number = number;
      step.phase = phase_of(name);
      step.ranges[key] = list[i].range;
    }
  for (auto& [number, step] : steps) found.steps.push_back(std::move(step));
  return found;
}

std::map<std::string, Candidate> candidates_of(const std::vector<ScopeOverlap>& scopes) {
  std::map<std::string, Candidate> candidates;
  for (const ScopeOverlap& scope : scopes) {
    if (scope.kind != "annotation" || scope.ranges.empty()) continue;
    const std::string form = form_of(scope.name);
    if (!may_be_step(form)) continue;
    Candidate& candidate = candidates[form];
    candidate.scopes.push_back(&scope);
    candidate.numbered = candidate.numbered && number_in(scope.name).has_value();
  }
  return candidates;
}

}  // namespace

PlacedSteps steps_of_annotations(const std::vector<DeviceActivity>& activity,
                                 const std::vector<ScopeOverlap>& scopes) {
  const auto candidates = candidates_of(scopes);
  TimeNs most = 0;
  PlacedSteps best;
  for (const auto& [form, candidate] : candidates) {
    const ByDevice by_device = occurrences_of(candidate);
    const TimeNs work = work_in_steps(activity, by_device);
    if (work <= most) continue;
    most = work;
    best = placed(form, candidate, by_device);
  }
  return best;
}

}  // namespace moescope
