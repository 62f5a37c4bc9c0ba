// The baseline of the speed goals: one walk with simdjson on demand on one thread that touches
// name, category, times, stream and correlation of every event.
#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <ctime>

using namespace simdjson;  // NOLINT: a benchmark of this library only

namespace {

struct Sums {
  std::size_t events = 0, bytes = 0;
  std::uint64_t numbers = 0;
};

std::uint64_t number(ondemand::value value) {
  std::uint64_t n = 0;
  return value.get_uint64().get(n) == SUCCESS ? n : 0;
}

void touch_args(ondemand::object args, Sums& sums) {
  for (auto field : args) {
    const ondemand::raw_json_string key = field.key();
    if (key == "stream" || key == "correlation") sums.numbers += number(field.value());
  }
}

void touch(ondemand::object event, Sums& sums) {
  ++sums.events;
  for (auto field : event) {
    const ondemand::raw_json_string key = field.key();
    ondemand::value value = field.value();
    std::string_view text;
    if (key == "name" || key == "cat") {
      if (value.get_string().get(text) == SUCCESS) sums.bytes += text.size();
    } else if (key == "ts" || key == "dur") {
      sums.numbers += number(value);
    } else if (key == "args") {
      touch_args(value.get_object(), sums);
    }
  }
}

Sums walk(const padded_string& text) {
  ondemand::parser parser;
  auto document = parser.iterate(text);
  Sums sums;
  for (ondemand::object event : document["traceEvents"].get_array()) touch(event, sums);
  return sums;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: moescope_simdjson_baseline TRACE.json\n");
    return 2;
  }
  try {
    const padded_string text = padded_string::load(argv[1]);
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t processor = std::clock();
    const Sums sums = walk(text);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const double worked = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
    std::printf("%.6f s, %.6f s of processor time, %zu events, %zu bytes of text, sum %llu\n",
                took.count(), worked, sums.events, sums.bytes,
                static_cast<unsigned long long>(sums.numbers));
  } catch (const simdjson_error& error) {
    std::fprintf(stderr, "moescope_simdjson_baseline: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
