// Every call in every step of a change of plan, as the client sees it.
#include "core/cluster/session/plan_change_machine.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <ostream>

namespace moescope {
namespace {

using Machine = PlanChangeMachine;

PlanOutcome outcome(PlanPhase phase, bool done, const std::string& reason = {}) {
  PlanOutcome made;
  made.done = done;
  made.change.phase = phase;
  made.change.reason = reason;
  return made;
}

/// All that can happen.
const std::map<std::string, std::function<bool(Machine&)>> kCalls = {
    {"check", [](Machine& m) { return m.check(); }},
    {"apply", [](Machine& m) { return m.apply(); }},
    {"roll back", [](Machine& m) { return m.roll_back(); }},
    {"abandon", [](Machine& m) { return m.abandon(); }},
    {"dismiss", [](Machine& m) { return m.dismiss(); }},
    {"progress", [](Machine& m) { return m.progress({.phase = PlanPhase::Verifying}); }},
    {"would try", [](Machine& m) { return m.answer(outcome(PlanPhase::Proposed, true)); }},
    {"holding", [](Machine& m) { return m.answer(outcome(PlanPhase::Holding, true)); }},
    {"released", [](Machine& m) { return m.answer(outcome(PlanPhase::Released, true)); }},
    {"rolled back",
     [](Machine& m) { return m.answer(outcome(PlanPhase::RolledBack, false, "damaged")); }},
    {"undone", [](Machine& m) { return m.answer(outcome(PlanPhase::RolledBack, true, "undone")); }},
    {"refused", [](Machine& m) { return m.answer(outcome(PlanPhase::Refused, false, "stale")); }},
    {"fail", [](Machine& m) { return m.fail("the connection broke"); }},
};

std::string step_text(const Machine& machine) {
  constexpr const char* names[] = {"idle",     "checking",    "checked", "applying", "returning",
                                   "in force", "rolled back", "refused", "failed"};
  std::string text = names[static_cast<std::size_t>(machine.step())];
  if (!machine.problem().empty()) text += ": " + machine.problem();
  return text + (machine.unwanted() ? ", unwanted" : "");
}

struct Case {
  const char* name;
  std::vector<std::string> before;
  std::string step;
  /// What each call makes of it; all others mean nothing.
  std::map<std::string, std::string> follows;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

using Follows = std::map<std::string, std::string>;

Follows with(Follows base, const Follows& more) {
  base.insert(more.begin(), more.end());
  return base;
}

const Follows kAsk = {{"check", "checking"}, {"apply", "applying"}, {"roll back", "returning"}};
const Follows kOver = with(kAsk, {{"dismiss", "idle"}});
const std::string kBroken = "failed: the connection broke";
const std::string kUnsaid = "failed: the node did not say how the change of plan ended";
const Follows kChanges = {{"would try", kUnsaid},
                          {"holding", "in force"},
                          {"released", "in force"},
                          {"rolled back", "rolled back: damaged"},
                          {"undone", "rolled back: undone"},
                          {"refused", "refused: stale"},
                          {"fail", kBroken}};

const Case kCases[] = {
    {"Idle", {}, "idle", kAsk},
    {"Checking",
     {"check"},
     "checking",
     {{"abandon", "checking, unwanted"},
      {"would try", "checked"},
      {"holding", "checked"},
      {"released", "checked"},
      {"rolled back", "refused: damaged"},
      {"undone", "checked"},
      {"refused", "refused: stale"},
      {"fail", kBroken}}},
    {"Checked", {"check", "would try"}, "checked", kOver},
    {"CheckRefused", {"check", "refused"}, "refused: stale", kOver},
    {"Applying",
     {"apply"},
     "applying",
     with(kChanges, {{"abandon", "applying, unwanted"}, {"progress", "applying"}})},
    {"ApplyingAfterCheck",
     {"check", "would try", "apply", "progress"},
     "applying",
     with(kChanges, {{"abandon", "applying, unwanted"}, {"progress", "applying"}})},
    {"Unwanted",
     {"apply", "abandon"},
     "applying, unwanted",
     with(kChanges, {{"progress", "applying, unwanted"}})},
    {"InForce", {"apply", "released"}, "in force", kOver},
    {"RolledBack", {"apply", "rolled back"}, "rolled back: damaged", kOver},
    {"Refused", {"apply", "refused"}, "refused: stale", kOver},
    {"Failed", {"apply", "fail"}, kBroken, kOver},
    {"Returning",
     {"apply", "released", "roll back"},
     "returning",
     with(kChanges, {{"abandon", "returning, unwanted"}})},
    {"Returned", {"roll back", "released"}, "in force", kOver},
};

class PlanSteps : public testing::TestWithParam<Case> {};

TEST_P(PlanSteps, EveryCallDoesWhatTheTableSaysAndTheOthersNothing) {
  for (const auto& [name, call] : kCalls) {
    Machine machine;
    for (const std::string& before : GetParam().before)
      ASSERT_TRUE(kCalls.at(before)(machine)) << before;
    ASSERT_EQ(step_text(machine), GetParam().step);
    const auto expected = GetParam().follows.find(name);
    const bool means = expected != GetParam().follows.end();
    EXPECT_EQ(call(machine), means) << name;
    EXPECT_EQ(step_text(machine), means ? expected->second : GetParam().step) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PlanSteps, testing::ValuesIn(kCases),
                         [](const auto& tested) { return tested.param.name; });

TEST(PlanChangeMachine, HasTheChangeAsLastReportedByTheNode) {
  Machine machine;
  ASSERT_TRUE(machine.apply());
  EXPECT_TRUE(machine.busy());
  ASSERT_TRUE(machine.progress({.ticket = 4, .phase = PlanPhase::Preparing, .bytes_done = 7}));
  EXPECT_EQ(machine.change().bytes_done, 7U);
  PlanOutcome released = outcome(PlanPhase::Released, true);
  released.change.epoch = 9;
  ASSERT_TRUE(machine.answer(released));
  EXPECT_FALSE(machine.busy());
  EXPECT_EQ(machine.change().epoch, 9U);
  ASSERT_TRUE(machine.dismiss());
  EXPECT_EQ(machine.change().epoch, 0U);
}

}  // namespace
}  // namespace moescope
