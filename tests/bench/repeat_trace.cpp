// Repeats the events of a Kineto trace N times with shifted times and ids: large traces whose
// figures are known, because they are N times those of the small one.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t kGapUs = 1000;  ///< between the end of one copy and the start of the next

/// Writes with a space behind commas and colons, as most producers do.
void write(const json& value, std::string& out) {
  if (value.is_object()) {
    out += '{';
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (it != value.begin()) out += ", ";
      out += json(it.key()).dump() + ": ";
      write(it.value(), out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (it != value.begin()) out += ", ";
      write(*it, out);
    }
    out += ']';
  } else {
    out += value.dump();
  }
}

/// First to last time of the events, and the largest id that joins events.
struct Extent {
  std::int64_t first = INT64_MAX, last = INT64_MIN, largest_id = 0;
};

std::int64_t time_of(const json& event) {
  const auto& ts = event.at("ts");
  if (!ts.is_number_integer())
    throw std::runtime_error("the trace must have times in whole microseconds");
  return ts.get<std::int64_t>();
}

template <typename Visit>
void for_each_id(json& event, Visit visit) {
  if (event.contains("id") && event["id"].is_number_integer()) visit(event["id"]);
  if (!event.contains("args")) return;
  for (const char* key : {"correlation", "External id"}) {
    auto& args = event["args"];
    if (args.contains(key) && args[key].is_number_integer() && args[key].get<std::int64_t>() > 0)
      visit(args[key]);
  }
}

Extent measure(json& events) {
  Extent extent;
  for (auto& event : events) {
    if (event.contains("ts")) {
      const auto ts = time_of(event);
      extent.first = std::min(extent.first, ts);
      extent.last = std::max(extent.last, ts + event.value("dur", std::int64_t{0}));
    }
    for_each_id(event, [&](const json& id) {
      extent.largest_id = std::max(extent.largest_id, id.get<std::int64_t>());
    });
  }
  return extent;
}

void repeat(const char* from, int copies, const char* to) {
  std::ifstream in(from);
  json trace = json::parse(in);
  json events = std::move(trace.at("traceEvents"));
  trace["traceEvents"] = json::array();
  const Extent extent = measure(events);
  const std::int64_t period = extent.last - extent.first + kGapUs;

  std::string head;
  write(trace, head);
  const std::string mark = "\"traceEvents\": [";
  const auto begin = head.find(mark) + mark.size();
  std::ofstream out(to, std::ios::binary);
  out << head.substr(0, begin);
  std::string text;
  std::size_t written = 0;
  for (int copy = 0; copy < copies; ++copy) {
    text.clear();
    for (std::size_t i = 0; i < events.size(); ++i) {
      json& event = events[i];
      if (copy > 0 && event.value("ph", "") == "M") continue;  // names are written once
      ++written;
      if (copy > 0) {
        if (event.contains("ts")) event["ts"] = time_of(event) + period;
        for_each_id(event, [&](json& id) { id = id.get<std::int64_t>() + extent.largest_id; });
      }
      if (copy > 0 || i > 0) text += ", ";
      write(event, text);
    }
    out << text;
  }
  out << head.substr(begin);
  if (!out.flush()) throw std::runtime_error("cannot write the result");
  std::printf("%zu events, period %lld us\n", written, static_cast<long long>(period));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::atoi(argv[2]) < 1) {
    std::fprintf(stderr, "usage: moescope_repeat_trace TRACE.json COPIES OUT.json\n");
    return 2;
  }
  try {
    repeat(argv[1], std::atoi(argv[2]), argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "moescope_repeat_trace: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
