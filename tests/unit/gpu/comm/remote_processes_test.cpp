// Processes that share no memory: what they ask of each other by messages, and how they fail.
#include "gpu/comm/memory/remote_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <latch>
#include <numeric>

#include "gpu/comm/memory/address_space.h"
#include "gpu/engine/unit/unit_link.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

/// A network between threads.
struct Network {
  std::mutex mutex;
  std::array<std::deque<Transport::Piece>, 2> arrived;  ///< [to]
  std::atomic<bool> cut{false};
};

class Cable final : public Transport {
 public:
  Cable(Network& network, int index) : network_(network), index_(index) {}
  int size() const override { return 2; }
  int index() const override { return index_; }
  int hosts() const override { return 2; }
  void send(int to, std::span<const std::byte> bytes) override {
    if (network_.cut) return;
    std::lock_guard lock(network_.mutex);
    while (!bytes.empty()) {  // in pieces that end anywhere
      const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), 101));
      network_.arrived[static_cast<std::size_t>(to)].push_back(
          {index_, {piece.begin(), piece.end()}});
      bytes = bytes.subspan(piece.size());
    }
  }
  bool sent(int) override { return true; }
  std::optional<Piece> receive() override {
    std::lock_guard lock(network_.mutex);
    auto& arrived = network_.arrived[static_cast<std::size_t>(index_)];
    if (arrived.empty()) return std::nullopt;
    Piece piece = std::move(arrived.front());
    arrived.pop_front();
    return piece;
  }
  void leave(int) override {}

 private:
  Network& network_;
  int index_;
};

class GpuRemoteProcesses : public ::testing::Test {
 protected:
  /// Runs `first` and `second` as the two processes of a run.
  template <typename First, typename Second>
  void run(const First& first, const Second& second, std::chrono::nanoseconds silence = 1min) {
    auto other = std::async(std::launch::async, [&] {
      RemoteProcesses processes(std::make_unique<Cable>(network_, 1), silence);
      second(processes);
      processes.leave(0);
    });
    RemoteProcesses processes(std::make_unique<Cable>(network_, 0), silence);
    first(processes);
    processes.leave(0);
    other.get();
  }
  Network network_;
};

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

std::vector<float> floats_in(std::span<const std::byte> memory) {
  std::vector<float> values(memory.size() / sizeof(float));
  std::memcpy(values.data(), memory.data(), memory.size());
  return values;
}

// Ranks 0 and 2 are in the first process, 1 and 3 in the second.
TEST_F(GpuRemoteProcesses, WhatIsWrittenReadAndSummedIsTheSameAsInOneMemory) {
  const std::vector<int> nodes = {0, 0, 1, 1}, hosts = {0, 1, 0, 1};
  run(
      [&](RemoteProcesses& processes) {
        AddressSpace space(nodes, &processes, hosts);
        const WindowId window = space.add_window(4 * sizeof(float));
        const FlagId written = space.add_flag(), answered = space.add_flag();
        space.write(0, {1, window, 0}, bytes_of({1, 2}), Purpose::Dispatch);
        space.write(2, {3, window, 4}, bytes_of({5}), Purpose::Dispatch);
        space.signal(1, written);
        space.signal(3, written);
        space.wait(0, answered, 1);
        // Rank 3 reads what rank 1 has: neither is here.
        space.read(3, {1, window, 0}, space.local(3, window).subspan(8, 8), Purpose::KvCache);
        std::vector<float> sum(2);
        space.reduce(0, std::vector<Place>{{1, window, 0}, {3, window, 8}}, sum, Purpose::Combine);
        EXPECT_THAT(sum, ElementsAre(2, 4));
        std::vector<std::byte> room;
        EXPECT_THAT(floats_in(space.look(3, space.local(3, window), room)),
                    ElementsAre(0, 5, 1, 2));
        EXPECT_THROW(space.write(0, {1, window, 12}, bytes_of({1, 2}), Purpose::Dispatch),
                     std::out_of_range);
        const Traffic traffic = space.total_traffic();
        EXPECT_EQ(traffic.of(Purpose::Dispatch, Link::NvLink), 12U);
        EXPECT_EQ(traffic.of(Purpose::KvCache, Link::Ib), 8U);
        EXPECT_EQ(space.traffic(3).of(Purpose::KvCache, Link::Ib), 8U);
        EXPECT_EQ(traffic.of(Purpose::Combine, Link::NvLink), 8U);
        EXPECT_EQ(traffic.of(Purpose::Combine, Link::Ib), 8U);
      },
      [&](RemoteProcesses& processes) {
        AddressSpace space(nodes, &processes, hosts);
        const WindowId window = space.add_window(4 * sizeof(float));
        const FlagId written = space.add_flag(), answered = space.add_flag();
        space.wait(1, written, 1);
        space.wait(3, written, 1);
        EXPECT_THAT(floats_in(space.local(1, window)), ElementsAre(1, 2, 0, 0));
        EXPECT_THAT(floats_in(space.local(3, window)), ElementsAre(0, 5, 0, 0));
        space.signal(0, answered);
      });
}

TEST_F(GpuRemoteProcesses, CommandsAndAnswersTravelInOrderWhateverTheirSize) {
  const std::vector<std::byte> large(3'000'001, std::byte{7}), small(3, std::byte{8});
  const auto link = [](RemoteProcesses& processes, const auto& use) {
    AddressSpace space({0, 1}, &processes, {0, 1});
    UnitLink other(space), unit(space);
    use(unit);
  };
  run(
      [&](RemoteProcesses& processes) {
        link(processes, [&](UnitLink& unit) {
          unit.send(large);
          unit.send({});
          unit.send(small);
          EXPECT_EQ(unit.answer_of(1), large);
        });
      },
      [&](RemoteProcesses& processes) {
        link(processes, [&](UnitLink& unit) {
          EXPECT_EQ(unit.command(), large);
          EXPECT_EQ(unit.command(), std::vector<std::byte>());
          EXPECT_EQ(unit.command(), small);
          unit.answer(large);
        });
      });
}

TEST_F(GpuRemoteProcesses, AFailureIsHeardByAllAndTheFirstReasonStays) {
  const auto hear = [](RemoteProcesses& processes) {
    AddressSpace space({0, 1}, &processes, {0, 1});
    const FlagId flag = space.add_flag();
    if (processes.first()) space.abort("rank 0 has had enough");
    EXPECT_THROW(space.wait(processes.index(), flag, 1), Aborted);
    space.abort("too late");
    EXPECT_EQ(space.abort_reason(), "rank 0 has had enough");
  };
  run(hear, hear);
}

TEST_F(GpuRemoteProcesses, ASilentProcessEndsEveryWaitAndIsNamedWithItsRanks) {
  std::latch both_up(2);
  const auto wait = [&](RemoteProcesses& processes) {
    AddressSpace space({0, 0, 1, 1}, &processes, {0, 1, 0, 1});
    const WindowId window = space.add_window(8);
    const FlagId flag = space.add_flag();
    both_up.arrive_and_wait();
    network_.cut = true;
    std::vector<std::byte> room;
    const int other = 1 - processes.index();
    EXPECT_THROW(space.look(other, space.local(other, window), room), Aborted);
    EXPECT_THROW(space.wait(processes.index(), flag, 1), Aborted);
    EXPECT_EQ(space.abort_reason(), processes.first()
                                        ? "process 1 cannot be reached, with it ranks 1, 3"
                                        : "process 0 cannot be reached, with it ranks 0, 2");
  };
  run(wait, wait, 2s);
}

TEST_F(GpuRemoteProcesses, ProcessesThatOnlyWaitAreNotTakenForLost) {
  const auto wait = [](RemoteProcesses& processes) {
    std::this_thread::sleep_for(3s);
    EXPECT_TRUE(processes.alive(1 - processes.index()));
  };
  run(wait, wait, 2s);
}

TEST_F(GpuRemoteProcesses, WhatRanksLogElsewhereIsFetchedWithItsDrops) {
  std::uint64_t kept = 0;
  run(
      [&](RemoteProcesses& processes) {
        RankLogs logs(2, &processes, {0, 1});
        for (int round = 0; round < 3; ++round) {
          processes.barrier();  // the other has pushed
          logs.fetch();
          std::vector<SpanRecord> spans;
          logs.log(1)->streams[1].drain(spans);
          ASSERT_FALSE(spans.empty());
          kept += spans.size();
          EXPECT_EQ(spans.front().step, 0U);
          for (std::size_t i = 1; i < spans.size(); ++i)
            ASSERT_EQ(spans[i].step, spans[i - 1].step + 1);
          processes.barrier();
        }
        std::vector<WorkerRecord> workers;
        logs.log(1)->workers[2].drain(workers);
        ASSERT_EQ(workers.size(), 1U);
        EXPECT_EQ(workers[0].worker, 5U);
        EXPECT_EQ(kept + logs.log(1)->dropped(), 3 * 20'000U);
        EXPECT_GT(logs.log(1)->dropped(), 0U);
      },
      [&](RemoteProcesses& processes) {
        RankLogs logs(2, &processes, {0, 1});
        logs.log(1)->workers[2].push({10, 20, 5, 0});
        for (int round = 0; round < 3; ++round) {
          for (std::uint32_t i = 0; i < 20'000; ++i) {
            SpanRecord span;
            span.step = i;
            logs.log(1)->streams[1].push(span);
          }
          processes.barrier();
          processes.barrier();  // the first has fetched
        }
      });
}

}  // namespace
}  // namespace moescope::runtime
