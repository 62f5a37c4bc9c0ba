#include "core/import/kineto/rare.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace moescope::kineto {
namespace {

using nlohmann::json;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text;
}

std::string text_argument(const json& args, const char* key) {
  if (!args.is_object()) return {};
  const auto it = args.find(key);
  if (it == args.end()) return {};
  return trimmed(it->is_string() ? it->get<std::string>() : it->dump());
}

void read_metadata(const RareEvent& event, RareEvents& into) {
  if (event.name != "process_name" && event.name != "thread_name") return;
  const json args = json::parse(event.args, nullptr, false);
  auto name = text_argument(args, "name");
  if (name.empty()) return;
  if (event.name == "process_name")
    into.process_names[event.pid] = std::move(name);
  else
    into.thread_names[{event.pid, event.tid}] = std::move(name);
}

class Counters {
 public:
  void add(const RareEvent& event, RareEvents& into) {
    const json args = json::parse(event.args, nullptr, false);
    std::size_t numbers = 0;
    if (args.is_object()) {
      for (const auto& [key, value] : args.items()) {
        if (!value.is_number()) continue;
        ++numbers;
        std::string name = event.name;
        if (!event.id.empty()) name += "[" + event.id + "]";
        if (args.size() > 1 || (key != "value" && key != event.name)) name += " " + key;
        points_[{event.pid, name}].emplace_back(event.time, value.get<double>());
      }
    }
    if (numbers == 0) ++into.skipped["counter without a number"];
  }
  void finish(RareEvents& into) {
    for (auto& [key, points] : points_) {
      std::stable_sort(points.begin(), points.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      RareCounter counter{key.first, key.second, {}, {}};
      for (const auto& [time, value] : points) {
        counter.times.push_back(time);
        counter.values.push_back(value);
      }
      into.counters.push_back(std::move(counter));
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<TimeNs, double>>> points_;
};

/// Pairs asynchronous begins and ends with the same category, id and (without scope) process.
class AsyncPairs {
 public:
  void add(const RareEvent& event, RareEvents& into) {
    const auto key = std::make_tuple(event.pid, event.category, event.id);
    auto& open = open_[key];
    switch (event.phase) {
      case 'b':
      case 'S':
        open.push_back(&event);
        return;
      case 'e':
      case 'F':
        if (open.empty()) {
          ++into.skipped["asynchronous end without begin"];
          return;
        }
        into.spans.push_back(span(*open.back(), event.time - open.back()->time, SpanKind::Other));
        open.pop_back();
        return;
      default:
        into.spans.push_back(span(event, 0, SpanKind::Instant));
    }
  }
  void finish(RareEvents& into) {
    for (const auto& [key, open] : open_)
      if (!open.empty()) into.skipped["asynchronous begin without end"] += open.size();
  }

 private:
  static RareSpan span(const RareEvent& event, TimeNs duration, SpanKind kind) {
    const std::string lane = event.category.empty() ? "asynchronous" : "async " + event.category;
    return {event.time, duration, event.name, event.pid, lane, event.args, kind};
  }
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const RareEvent*>> open_;
};

}  // namespace

std::string RareEvents::process_name(const std::string& pid) const {
  const auto it = process_names.find(pid);
  return it == process_names.end() ? std::string() : it->second;
}

std::string RareEvents::thread_name(const std::string& pid, const std::string& tid) const {
  const auto it = thread_names.find({pid, tid});
  return it == thread_names.end() ? std::string() : it->second;
}

RareEvents sort_out_rare(std::vector<BlockEvents>& blocks) {
  RareEvents result;
  Counters counters;
  AsyncPairs pairs;
  std::vector<const RareEvent*> async;
  for (const auto& block : blocks) {
    for (const auto& event : block.rare) {
      if (event.phase == 'M')
        read_metadata(event, result);
      else if (event.phase == 'C')
        counters.add(event, result);
      else
        async.push_back(&event);
    }
  }
  std::stable_sort(async.begin(), async.end(),
                   [](const RareEvent* a, const RareEvent* b) { return a->time < b->time; });
  for (const auto* event : async) pairs.add(*event, result);
  pairs.finish(result);
  counters.finish(result);
  return result;
}

}  // namespace moescope::kineto
