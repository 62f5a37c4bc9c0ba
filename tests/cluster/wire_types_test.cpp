// Messages of control: what goes in comes out, and an enum is never made of an unknown number.
#include "core/cluster/wire/wire_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/cluster/wire/wire_enums.h"
#include "core/error.h"

namespace moescope {
namespace {

/// All values come back, no two share a number, and 0 and what lies behind them are not known.
template <typename Value>
void expect_numbers(Value last) {
  using Number = decltype(wire_number(last));
  const int count = static_cast<int>(last) + 1;
  std::set<int> numbers;
  for (int i = 0; i < count; ++i) {
    const Number number = wire_number(static_cast<Value>(i));
    EXPECT_NE(static_cast<int>(number), 0) << i;
    EXPECT_EQ(from_wire(number), static_cast<Value>(i));
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(count));
  for (const int unknown : {-1, 0, *numbers.rbegin() + 1, 1'000'000})
    EXPECT_EQ(from_wire(static_cast<Number>(unknown)), std::nullopt) << unknown;
}

TEST(WireEnums, EveryValueHasANumberAndUnknownNumbersHaveNone) {
  expect_numbers(PeerRole::Operator);
  expect_numbers(PlanPhase::Refused);
  expect_numbers(UnitKind::Mixed);
  expect_numbers(HangReason::Computes);
  expect_numbers(RecordedDetail::Steps);
  expect_numbers(LossKind::Disconnected);
}

TEST(WireEnums, NumbersStayAsTheyAreOnTheWire) {
  EXPECT_EQ(wire_number(PeerRole::Operator), 2);
  EXPECT_EQ(wire_number(PlanPhase::Proposed), 1);
  EXPECT_EQ(wire_number(PlanPhase::Refused), 8);
  EXPECT_EQ(wire_number(UnitKind::Decode), 2);
  EXPECT_EQ(wire_number(HangReason::Computes), 4);
  EXPECT_EQ(wire_number(RecordedDetail::Steps), 2);
  EXPECT_EQ(wire_number(LossKind::Disconnected), 7);
}

NodeStatus full_status() {
  NodeStatus status;
  status.detail = RecordedDetail::Steps;
  status.units = {{UnitKind::Prefill, 3, 1.5, 20, {1.25, 1}, {4, 1}, {4, 1}, {3, 1}},
                  {UnitKind::Decode, 4}};
  status.ranks = {{0, 0, UnitKind::Prefill, 0, 12}, {1, 1, UnitKind::Decode, 2, 7}};
  status.waiting = 0;
  status.cache_use = 0.5;
  status.hung = {{1, 42, "host-2", 3.5, HangReason::Computes}};
  for (int phase = 0; phase <= static_cast<int>(PlanPhase::Refused); ++phase)
    status.history.push_back({1, "peer", "plan", static_cast<PlanPhase>(phase)});
  return status;
}

TEST(WireStatus, EnumsAndWhatIsNotToldComeBackAsTheyWere) {
  wire::NodeStatus message;
  encode(full_status(), message);
  const NodeStatus status = decode(message);
  EXPECT_EQ(status.detail, RecordedDetail::Steps);
  ASSERT_EQ(status.units.size(), 2U);
  EXPECT_EQ(status.units[0].kind, UnitKind::Prefill);
  EXPECT_EQ(status.units[1].kind, UnitKind::Decode);
  EXPECT_EQ(status.ranks.at(1).unit, UnitKind::Decode);
  EXPECT_EQ(status.hung.at(0).reason, HangReason::Computes);
  ASSERT_EQ(status.history.size(), 8U);
  for (std::size_t i = 0; i < status.history.size(); ++i)
    EXPECT_EQ(status.history[i].phase, static_cast<PlanPhase>(i));
  EXPECT_EQ(status.waiting, 0U);
  EXPECT_EQ(status.cache_use, 0.5);
  EXPECT_EQ(status.finished, std::nullopt) << "not told is not none";
  message.clear_detail();
  EXPECT_EQ(decode(message).detail, std::nullopt) << "nothing is recorded";
}

struct Unknown {
  const char* name;
  void (*spoil)(wire::NodeStatus&);
  const char* message;
};

class WireUnknown : public testing::TestWithParam<Unknown> {};

TEST_P(WireUnknown, IsAnErrorThatNamesFieldAndNumber) {
  wire::NodeStatus message;
  encode(full_status(), message);
  GetParam().spoil(message);
  try {
    decode(message);
    FAIL() << "was believed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(GetParam().message));
    EXPECT_THAT(error.what(), testing::HasSubstr("Update"));
  }
}

using S = wire::NodeStatus;
const Unknown kUnknown[] = {
    {"Phase", [](S& s) { s.mutable_history(0)->set_phase(wire::PlanPhase(9)); },
     "phase of a change of plan: is number 9"},
    {"NoPhase", [](S& s) { s.mutable_history(0)->clear_phase(); },
     "phase of a change of plan: is number 0"},
    {"Unit", [](S& s) { s.mutable_units(1)->set_kind(wire::UnitKind(4)); },
     "kind of a unit: is number 4"},
    {"UnitOfRank", [](S& s) { s.mutable_ranks(0)->set_unit(wire::UnitKind(-5)); },
     "unit of a rank: is number -5"},
    {"Reason", [](S& s) { s.mutable_hung(0)->set_reason(wire::HangReason(5)); },
     "reason of a hang: is number 5"},
    {"Detail", [](S& s) { s.set_detail(wire::RecordedDetail(3)); },
     "detail of the recording: is number 3"},
};
INSTANTIATE_TEST_SUITE_P(All, WireUnknown, testing::ValuesIn(kUnknown),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace moescope
