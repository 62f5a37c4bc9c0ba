// Requests that arrive: Poisson arrivals, prompt and output lengths, topics that drift.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gpu/engine/placement/route_replay.h"

namespace moescope::runtime {

struct WorkloadOptions {
  double rate = 60;  ///< requests per second, mean
  int prompt_min = 8, prompt_max = 32;
  int output_min = 8, output_max = 32;
  int topics = 6;
  double period = 20;        ///< seconds of a full cycle of the mix of topics
  double concentration = 3;  ///< 0: topics equally likely; larger: one at a time
  double zipf = 1.1;         ///< exponent of the word frequencies inside a topic
  std::uint64_t seed = 1;
};

/// Reads "rate=20,prompt=8:48,output=8:32,topics=6,period=20,concentration=3,zipf=1.1,seed=1", any
/// part of it in any order. Throws Error naming the key.
WorkloadOptions parse_workload(const std::string& text);
/// All values in the form that parse_workload() reads.
std::string workload_text(const WorkloadOptions& options);

struct Request {
  std::uint64_t id = 0;
  std::int64_t arrival = 0;  ///< ns since the start
  int topic = 0;
  std::vector<int> prompt;
  int output_length = 1;
  /// Experts of every token, [position][MoE layer][top_k]; empty: the gate chooses.
  std::vector<std::uint16_t> routes;
};

/// The same requests for the same options; times do not depend on the machine.
class Workload {
 public:
  /// `replay`: routes of all requests; nullptr: the gate chooses.
  Workload(const WorkloadOptions& options, int vocab,
           std::shared_ptr<const RouteReplay> replay = nullptr);
  /// When the next request arrives.
  std::int64_t next_arrival() const { return next_; }
  Request next();
  /// Requests after `now` (ns since the start) are of these options; ids go on.
  void change(const WorkloadOptions& options, std::int64_t now);

 private:
  void make_words();
  int draw_topic(double seconds);
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  int between(int low, int high);
  void advance();

  WorkloadOptions options_;
  int vocab_;
  std::shared_ptr<const RouteReplay> replay_;
  std::mt19937_64 random_;
  std::vector<double> word_upto_;        ///< cumulative probability by frequency rank
  std::vector<std::vector<int>> words_;  ///< [topic][frequency rank]
  std::int64_t next_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace moescope::runtime
