// The exchange of GPU backends: steps (exchange_steps.h) over memory that all ranks see by plain
// pointers. The runner says where steps run: as kernels of a GPU. Tests also run them on workers of
// the CPU, as an oracle: host_exchange() must give the same bits and the same traffic.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"
#include "gpu/base/memory.h"
#include "gpu/base/span_record.h"
#include "gpu/comm/exchange/combine_steps.h"
#include "gpu/comm/exchange/dispatch_steps.h"
#include "gpu/comm/exchange/exchange.h"

namespace moescope::runtime {

/// Throws Error for a fault in the steps of a rank.
inline void check_fault(const StepFault& fault, int rank, std::uint32_t epoch) {
  const std::string place = fmt::format("rank {}", rank);
  if (fault.kind == StepFault::OtherEpoch)
    throw Error(
        "dispatch", place,
        fmt::format("is in plan epoch {}, tokens arrived from epoch {}", epoch, fault.detail));
  if (fault.kind == StepFault::NobodyCame)
    throw Error("exchange", place,
                fmt::format("timed out waiting for the other ranks (flag {})", fault.detail));
}

/// `Runner` has run(step, rank, SpanName, Team&): queues a step of a rank.
template <typename Runner>
class StepExchange final : public Exchange {
 public:
  StepExchange(const ExchangeWire& wire, Memory& memory, Runner& runner)
      : Exchange(wire), memory_(memory), runner_(runner) {
    const auto size = static_cast<std::size_t>(wire.group.size);
    std::vector<std::byte*> windows;
    for (int w = 0; w < kExchangeWindows; ++w)
      for (std::size_t m = 0; m < size; ++m)
        windows.push_back(memory.allocate(wire.window_bytes(static_cast<ExchangeWindow>(w))));
    std::vector<std::uint64_t*> flags;
    for (std::size_t m = 0; m < size; ++m)
      flags.push_back(memory.array<std::uint64_t>(kExchangeFlags));
    RankSide side;
    side.wire = wire;
    side.windows = memory.array_of(windows);
    side.flags = memory.array_of(flags);
    for (int m = 0; m < wire.group.size; ++m) add_member(side, m);
  }

  void send(int member, const float* x, Choices choices, std::uint32_t epoch, Team& team) override {
    if (choices.tokens > wire().shape.max_tokens || choices.per_token > wire().shape.max_choices)
      throw std::length_error("more tokens or choices than the exchange has room for");
    Member& self = member_at(member);
    ++self.layers;
    self.side.epoch = epoch;
    self.choices = choices;
    run(SendRows{self.side, x, choices}, SpanName::Dispatch, team);
    run(SendLists{self.side, choices}, SpanName::Dispatch, team);
  }
  void forward(int member, Team& team) override {
    const int others = wire().group.nodes - 1;
    if (!wire().per_node() || others == 0) return;
    const RankSide& side = member_at(member).side;
    wait(member, ExchangeFlag::Forwarded, others, SpanName::DispatchForward, team);
    run(ForwardRows{side}, SpanName::DispatchForward, team);
    run(ForwardLists{side}, SpanName::DispatchForward, team);
  }
  void receive(int member, Team& team) override {
    wait(member, ExchangeFlag::Arrived, wire().group.size, SpanName::DispatchWait, team);
  }
  ArrivedRows group(int member, Team& team) override {
    const Member& self = member_at(member);
    run(CountRows{self.side}, SpanName::Experts, team);
    run(PlaceRows{self.side}, SpanName::Experts, team);
    run(GatherRows{self.side, self.grouped}, SpanName::Experts, team);
    return {self.grouped, self.side.offsets};
  }
  void return_outputs(int member, const float* outputs, Team& team) override {
    const RankSide& side = member_at(member).side;
    run(ReturnRows{side, outputs}, SpanName::Combine, team);
    run(ReturnSignals{side}, SpanName::Combine, team);
  }
  void reduce_node(int member, Team& team) override {
    if (!wire().by_node()) return;
    const RankSide& side = member_at(member).side;
    wait(member, ExchangeFlag::PartialReady, wire().group.per_node(), SpanName::CombineReduce,
         team);
    run(ReduceRows{side}, SpanName::CombineReduce, team);
    run(ReduceSignals{side}, SpanName::CombineReduce, team);
  }
  void await_outputs(int member, Team& team) override {
    wait(member, ExchangeFlag::Returned,
         wire().by_node() ? wire().group.nodes - 1 : wire().group.size, SpanName::CombineWait,
         team);
  }
  void collect(int member, float* sum, Team& team) override {
    const Member& self = member_at(member);
    run(CollectRows{self.side, self.choices, sum}, SpanName::Combine, team);
  }

  /// The first fault, by rank.
  void check() override {
    for (const Member& member : members_)
      check_fault(memory_.values(member.side.fault, 1).front(),
                  wire().group.first + member.side.member, member.side.epoch);
  }
  Traffic traffic(int member) override {
    const auto cells = memory_.values(member_at(member).side.traffic, 2 * kPurposes * kLinks);
    Traffic result;
    for (std::size_t p = 0, at = 0; p < kPurposes; ++p)
      for (std::size_t l = 0; l < kLinks; ++l, ++at) {
        result.bytes[p][l] = cells[at];
        result.transfers[p][l] = cells[at + kPurposes * kLinks];
      }
    return result;
  }

 private:
  struct Member {
    RankSide side;
    std::uint64_t layers = 0;  ///< so far, the current one included
    Choices choices;
    float* grouped = nullptr;
  };

  Member& member_at(int member) { return members_[static_cast<std::size_t>(member)]; }
  void add_member(RankSide side, int index) {
    const auto slots = static_cast<std::size_t>(wire().shape.slots_per_rank);
    side.member = index;
    side.traffic = memory_.array<std::uint64_t>(2 * kPurposes * kLinks);
    side.counts = memory_.array<std::int32_t>(slots);
    side.offsets = memory_.array<std::int32_t>(slots + 1);
    side.places = memory_.array<std::int32_t>(wire().most_rows());
    side.fault = memory_.array<StepFault>(1);
    Member member;
    member.side = side;
    member.grouped =
        memory_.array<float>(wire().most_rows() * static_cast<std::size_t>(wire().shape.hidden));
    members_.push_back(member);
  }
  template <typename Step>
  void run(const Step& step, SpanName name, Team& team) {
    runner_.run(step, wire().group.first + step.side.member, name, team);
  }
  /// Until `senders` ranks have raised the flag in this layer.
  void wait(int member, ExchangeFlag flag, int senders, SpanName name, Team& team) {
    const Member& self = member_at(member);
    run(WaitForFlag{self.side, flag, self.layers * static_cast<std::uint64_t>(senders)}, name,
        team);
  }

  Memory& memory_;
  Runner& runner_;
  std::vector<Member> members_;
};

}  // namespace moescope::runtime
