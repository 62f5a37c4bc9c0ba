// Runs the steps of kernels on the CPU: workers one after the other, of one lane or of several
// threads that meet at barriers as the lanes of a warp do.
#pragma once

#include <barrier>
#include <thread>
#include <vector>

#include "gpu/comm/exchange/step_exchange.h"
#include "gpu/compute/moe_steps.h"

namespace moescope::runtime::test {

/// One of several lanes; has the members of OneLane. Lanes that do not meet block the test.
class WideLane {
 public:
  /// What the lanes of a worker share.
  struct Worker {
    explicit Worker(int width)
        : meet(width),
          floats(static_cast<std::size_t>(width)),
          ints(static_cast<std::size_t>(width)),
          ranked(static_cast<std::size_t>(width)) {}
    std::barrier<> meet;
    std::vector<float> floats;
    std::vector<int> ints;
    std::vector<Ranked> ranked;
  };
  WideLane(Worker& worker, int lane) : worker_(worker), lane_(lane) {}

  int lane() const { return lane_; }
  int width() const { return static_cast<int>(worker_.ints.size()); }
  void sync() const { worker_.meet.arrive_and_wait(); }
  float sum(float value) const {
    return fold(worker_.floats, value, [](float a, float b) { return a + b; });
  }
  float max(float value) const {
    return fold(worker_.floats, value, [](float a, float b) { return std::max(a, b); });
  }
  Ranked first(const Ranked& value) const {
    return fold(worker_.ranked, value,
                [](const Ranked& a, const Ranked& b) { return before(b, a) ? b : a; });
  }
  int prefix(int value, int& total) const {
    put(worker_.ints, value);
    int sum = 0;
    total = 0;
    for (int i = 0; i < width(); ++i) {
      if (i == lane_) sum = total;
      total += worker_.ints[static_cast<std::size_t>(i)];
    }
    sync();
    return sum;
  }
  template <typename T>
  void add(T* counter, T value) const {
    if (lane_ == 0) add_each(counter, value);
  }
  template <typename T>
  void add_each(T* counter, T value) const {
    OneLane().add(counter, value);
  }
  void project(const float* x, const float* weight, int n, int rows, float* out) const {
    for (int row = lane_; row < rows; row += width())
      OneLane().project(x, weight + flat(row, n), n, 1, out + row);
  }
  void copy(void* to, const void* from, std::size_t bytes) const {
    for (std::size_t i = static_cast<std::size_t>(lane_) * 4; i < bytes;
         i += static_cast<std::size_t>(width()) * 4)
      std::memcpy(static_cast<std::byte*>(to) + i, static_cast<const std::byte*>(from) + i, 4);
  }
  void signal(std::uint64_t* counter) const {
    sync();
    if (lane_ == 0) OneLane().signal(counter);
  }
  bool reached(std::uint64_t* counter, std::uint64_t value) const {
    return OneLane().reached(counter, value);
  }
  template <typename Fault>
  void fail(Fault* first_fault, const Fault& fault) const {
    if (lane_ == 0) OneLane().fail(first_fault, fault);
  }

 private:
  template <typename T>
  void put(std::vector<T>& values, const T& value) const {
    values[static_cast<std::size_t>(lane_)] = value;
    sync();
  }
  template <typename T, typename Join>
  T fold(std::vector<T>& values, const T& value, const Join& join) const {
    put(values, value);
    T result = values.front();
    for (std::size_t i = 1; i < values.size(); ++i) result = join(result, values[i]);
    sync();
    return result;
  }

  Worker& worker_;
  int lane_;
};

/// Runs a step with so many workers of so many lanes.
template <typename Step>
void run_step(const Step& step, int workers, int lanes) {
  for (int index = 0; index < workers; ++index) {
    if (lanes == 1) {
      step(OneLane(), Share{index, workers});
      continue;
    }
    WideLane::Worker worker(lanes);
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < lanes; ++lane)
      threads.emplace_back([&, lane] { step(WideLane(worker, lane), Share{index, workers}); });
  }
}

struct HostSteps {
  int workers = 3;  ///< warps that a kernel would have
  int lanes = 1;

  template <typename Step>
  void run(const Step& step, int, SpanName, Team&) {
    run_step(step, workers, lanes);
  }
};

}  // namespace moescope::runtime::test
