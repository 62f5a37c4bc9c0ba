// What processes share: pipes, events, flags, and the end of a run when one of them is gone.
#include "gpu/comm/memory/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>
#include <thread>

#include "gpu/comm/memory/address_space.h"
#include "gpu/comm/memory/pipe.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/layout.h"
#include "gpu/engine/unit/unit_link.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Memory that a fork shares.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t size)
      : size_(size),
        data_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    EXPECT_NE(data_, MAP_FAILED);
  }
  ~SharedMemory() { munmap(data_, size_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  std::span<std::byte> bytes() { return {static_cast<std::byte*>(data_), size_}; }

 private:
  std::size_t size_;
  void* data_;
};

std::vector<std::byte> numbers(std::size_t count) {
  std::vector<std::byte> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = static_cast<std::byte>(i * 31 + i / 251);
  return result;
}

TEST(GpuPipe, MessagesArriveWholeAndInOrderFromAnotherProcess) {
  SharedMemory memory(Pipe::bytes());
  const std::size_t sizes[] = {0, 5, Pipe::bytes() * 3 + 17, 1};  // one longer than the pipe
  const pid_t child = fork();
  if (child == 0) {
    Pipe pipe(memory.bytes(), [] {});
    for (const std::size_t size : sizes) pipe.send(numbers(size));
    _exit(0);
  }
  Pipe pipe(memory.bytes(), [] {});
  for (const std::size_t size : sizes) EXPECT_EQ(pipe.receive(), numbers(size)) << size;
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(GpuPipe, AWaitEndsWithWhatTheCheckThrows) {
  SharedMemory memory(Pipe::bytes());
  Pipe pipe(memory.bytes(), [] { throw Aborted(); });
  EXPECT_THROW(pipe.receive(), Aborted);
  EXPECT_THROW(pipe.send(numbers(Pipe::bytes() * 2)), Aborted);
}

/// One of two processes, the other of which is never there.
class LonelyProcess final : public Processes {
 public:
  int size() const override { return 2; }
  int index() const override { return 0; }
  std::vector<std::span<std::byte>> allocate(std::size_t bytes) override {
    std::vector<std::span<std::byte>> parts;
    for (int process = 0; process < 2; ++process) {
      memory_.emplace_back(bytes + 65536);
      parts.emplace_back(memory_.back());
    }
    return parts;
  }
  void barrier() override {}
  bool alive(int process) const override { return process == 0; }
  void leave(int) override {}

 private:
  std::deque<std::vector<std::byte>> memory_;
};

TEST(GpuProcesses, AProcessThatIsGoneEndsEveryWaitAndIsNamedWithItsRanks) {
  LonelyProcess processes;
  AddressSpace space({0, 0, 0, 0}, &processes, {0, 1, 0, 1});
  EXPECT_TRUE(space.here(2));
  EXPECT_FALSE(space.here(3));
  const FlagId flag = space.add_flag();
  std::thread other([&] { EXPECT_THROW(space.wait(2, flag, 1), Aborted); });
  EXPECT_THROW(space.wait(0, flag, 1), Aborted);
  other.join();
  EXPECT_EQ(space.abort_reason(), "process 1 has ended, with it ranks 1, 3");
  space.abort("too late");
  EXPECT_EQ(space.abort_reason(), "process 1 has ended, with it ranks 1, 3");
}

TEST(GpuProcesses, AUnitWhoseOtherProcessIsGoneThrowsWhatHappened) {
  LonelyProcess processes;
  const Group group{0, 4, 1};
  AddressSpace space(group.node_table(), &processes, {0, 0, 1, 1});
  const auto model = test::small_model(3);
  UnitOptions options;
  options.max_tokens = 8;
  options.kv_pages = 1;
  EXPECT_THAT(error_of([&] {
                const auto unit = cpu_backend().make_unit(
                    {model, space, group, options, Placement::contiguous(2, 16, 4)});
                unit->step(std::vector<RankInput>(4));
              }),
              HasSubstr("process 1 has ended, with it ranks 2, 3"));
}

TEST(GpuProcesses, NeighboursOfBothUnitsShareAProcess) {
  EngineOptions options;
  options.ranks = 8;
  EXPECT_THAT(rank_hosts(options, nullptr), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0));
  const LonelyProcess processes;
  EXPECT_THAT(rank_hosts(options, &processes), ElementsAre(0, 0, 1, 1, 0, 0, 1, 1));
  options.ranks = 2;
  EXPECT_THAT(error_of([&] { rank_hosts(options, &processes); }), HasSubstr("a unit has 1 ranks"));
}

TEST(GpuUnitLink, InputsArriveAsTheyWere) {
  KvSequence a{{3, 1}, 20}, b{{7}, 2};
  std::vector<RankInput> inputs(2);
  inputs[0].micro_batches[1].add(5, &a, 20, 11);
  inputs[1].micro_batches[0].add(6, &b, 2, 12);
  inputs[1].micro_batches[0].add(7, &a, 21, 11);
  inputs[1].micro_batches[0].sampled = {1};
  const std::vector<std::uint16_t> first = {4, 9}, second = {0, 1};
  inputs[1].micro_batches[0].routes = {first.data(), second.data()};
  inputs[1].micro_batches[0].replicas = {1, 0};
  MessageWriter writer;
  write_inputs(writer, inputs, 2);
  const auto bytes = writer.take();
  MessageReader reader(bytes);
  const SentInputs sent = read_inputs(reader, 2);
  ASSERT_EQ(sent.inputs.size(), 2U);
  const MicroBatch& batch = sent.inputs[1].micro_batches[0];
  EXPECT_THAT(batch.tokens, ElementsAre(6, 7));
  EXPECT_THAT(batch.requests, ElementsAre(12U, 11U));
  EXPECT_THAT(batch.sampled, ElementsAre(1));
  EXPECT_EQ(batch.rows[1].position, 21);
  EXPECT_THAT(batch.rows[1].sequence->pages, ElementsAre(3, 1));
  EXPECT_EQ(batch.rows[1].sequence, sent.inputs[0].micro_batches[1].rows[0].sequence);
  EXPECT_EQ(batch.routes[1][1], 1);
  EXPECT_EQ(batch.routes[0][0], 4);
  EXPECT_THAT(batch.replicas, ElementsAre(1, 0));
  MessageReader cut(std::span<const std::byte>(bytes).first(bytes.size() - 3));
  EXPECT_THROW(read_inputs(cut, 2), std::out_of_range);
}

TEST(GpuUnitLink, ATableArrivesAsItWas) {
  SlotTable table = SlotTable::first(Placement({{0, 1, 1, 2}}, {{1, 2, 3, 1}}, 3, 2));
  table.epoch = 7;
  table.places[1][0][1] = 9;
  MessageWriter writer;
  write_table(writer, table);
  const auto bytes = writer.take();
  MessageReader reader(bytes);
  const SlotTable sent = read_table(reader);
  EXPECT_EQ(sent.epoch, 7U);
  EXPECT_EQ(sent.placement, table.placement);
  EXPECT_EQ(sent.places, table.places);
}

}  // namespace
}  // namespace moescope::runtime
