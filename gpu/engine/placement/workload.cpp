#include "gpu/engine/placement/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <numeric>
#include <sstream>

#include "core/error.h"

namespace moescope::runtime {
namespace {

constexpr int kMaxLength = 100'000;

[[noreturn]] void refuse(const std::string& key, const std::string& problem) {
  throw Error("workload", "\"" + key + "\"", problem,
              "write for example rate=20,prompt=8:48,output=8:32,topics=6,period=20,seed=1");
}

double number(const std::string& key, const std::string& text, double low, double high) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low) || value > high)
    refuse(key, fmt::format("is \"{}\", expected a number from {} to {}", text, low, high));
  return value;
}

int integer(const std::string& key, const std::string& text, int low, int high) {
  const double value = number(key, text, low, high);
  if (value != std::floor(value)) refuse(key, "expected a whole number");
  return static_cast<int>(value);
}

void range(const std::string& key, const std::string& text, int& low, int& high) {
  const auto colon = text.find(':');
  low = integer(key, text.substr(0, colon), 1, kMaxLength);
  high = colon == std::string::npos ? low : integer(key, text.substr(colon + 1), 1, kMaxLength);
  if (high < low) refuse(key, "the range is empty");
}

}  // namespace

WorkloadOptions parse_workload(const std::string& text) {
  WorkloadOptions o;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto equal = part.find('=');
    if (equal == std::string::npos) refuse(part, "expected KEY=VALUE");
    const std::string key = part.substr(0, equal), value = part.substr(equal + 1);
    if (key == "rate")
      o.rate = number(key, value, 1e-3, 1e6);
    else if (key == "prompt")
      range(key, value, o.prompt_min, o.prompt_max);
    else if (key == "output")
      range(key, value, o.output_min, o.output_max);
    else if (key == "topics")
      o.topics = integer(key, value, 1, 1000);
    else if (key == "period")
      o.period = number(key, value, 1e-3, 1e6);
    else if (key == "concentration")
      o.concentration = number(key, value, 0, 100);
    else if (key == "zipf")
      o.zipf = number(key, value, 0, 10);
    else if (key == "seed")
      o.seed = static_cast<std::uint64_t>(integer(key, value, 0, 1'000'000'000));
    else
      refuse(key, "is not known");
  }
  return o;
}

std::string workload_text(const WorkloadOptions& o) {
  return fmt::format(
      "rate={},prompt={}:{},output={}:{},topics={},period={},concentration={},zipf={},seed={}",
      o.rate, o.prompt_min, o.prompt_max, o.output_min, o.output_max, o.topics, o.period,
      o.concentration, o.zipf, o.seed);
}

Workload::Workload(const WorkloadOptions& options, int vocab,
                   std::shared_ptr<const RouteReplay> replay)
    : options_(options), vocab_(vocab), replay_(std::move(replay)), random_(options.seed) {
  make_words();
  advance();
}

void Workload::change(const WorkloadOptions& options, std::int64_t now) {
  options_ = options;
  random_.seed(options.seed);
  make_words();
  next_ = now;
  advance();
}

void Workload::make_words() {
  word_upto_.clear();
  words_.clear();
  double sum = 0;
  for (int rank = 1; rank <= vocab_; ++rank)
    word_upto_.push_back(sum += std::pow(rank, -options_.zipf));
  for (double& upto : word_upto_) upto /= sum;
  for (int topic = 0; topic < options_.topics; ++topic) {
    auto& words = words_.emplace_back(static_cast<std::size_t>(vocab_));
    std::iota(words.begin(), words.end(), 0);
    for (std::size_t i = words.size(); i > 1; --i)  // Fisher-Yates, the same on every library
      std::swap(words[i - 1], words[random_() % i]);
  }
}

void Workload::advance() {
  next_ += static_cast<std::int64_t>(-std::log(1.0 - uniform()) / options_.rate * 1e9);
}

int Workload::between(int low, int high) {
  return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

/// Topic i is likeliest when the round has come to i / topics (von Mises weights).
int Workload::draw_topic(double seconds) {
  std::vector<double> upto;
  double sum = 0;
  for (int i = 0; i < options_.topics; ++i) {
    const double angle = 2 * std::numbers::pi *
                         (seconds / options_.period - static_cast<double>(i) / options_.topics);
    upto.push_back(sum += std::exp(options_.concentration * std::cos(angle)));
  }
  const double at = uniform() * sum;
  const auto it = std::lower_bound(upto.begin(), upto.end(), at);
  return static_cast<int>(std::min<std::ptrdiff_t>(it - upto.begin(), options_.topics - 1));
}

Request Workload::next() {
  Request request;
  request.id = count_++;
  request.arrival = next_;
  request.topic = draw_topic(static_cast<double>(next_) / 1e9);
  const int length = between(options_.prompt_min, options_.prompt_max);
  const auto& words = words_[static_cast<std::size_t>(request.topic)];
  for (int i = 0; i < length; ++i) {
    const auto it = std::lower_bound(word_upto_.begin(), word_upto_.end(), uniform());
    const auto rank = std::min<std::ptrdiff_t>(it - word_upto_.begin(), vocab_ - 1);
    request.prompt.push_back(words[static_cast<std::size_t>(rank)]);
  }
  request.output_length = between(options_.output_min, options_.output_max);
  if (replay_ != nullptr)
    request.routes =
        replay_->routes(request.id, request.topic, options_.topics,
                        static_cast<double>(next_) / 1e9, length + request.output_length);
  advance();
  return request;
}

}  // namespace moescope::runtime
