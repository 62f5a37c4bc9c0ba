// The book of plan changes, read and written by several threads.
#include "gpu/engine/plan/plan_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace moescope::runtime {
namespace {

using ::testing::ElementsAre;

/// Takes every proposal and makes two changes of its state, as fast as it can.
void take_all(PlanBook& book) {
  while (const auto proposal = book.next()) {
    book.update(proposal->ticket, [](PlanRecord& c) { c.phase = PlanPhase::Preparing; });
    book.update(proposal->ticket, [](PlanRecord& c) { c.phase = PlanPhase::Released; });
  }
}

TEST(GpuPlanBook, TheListenerHearsTheStatesOfAChangeInTheirOrder) {
  constexpr PlanTicket kChanges = 2000, kThreads = 4;
  PlanBook book;
  std::map<PlanTicket, std::vector<PlanPhase>> heard;
  book.listen([&](const PlanRecord& change) { heard[change.ticket].push_back(change.phase); });
  std::thread taker([&] { take_all(book); });
  std::vector<std::thread> proposers;
  for (PlanTicket t = 0; t < kThreads; ++t)
    proposers.emplace_back([&] {
      for (PlanTicket i = 0; i < kChanges / kThreads; ++i) {
        const PlanTicket ticket = book.add({}, 0, {});
        // Nothing is known of it any more when this thread slept for long.
        for (auto c = book.find(ticket); c && c->phase != PlanPhase::Released;
             c = book.find(ticket))
          std::this_thread::yield();
      }
    });
  for (std::thread& proposer : proposers) proposer.join();
  book.close();
  taker.join();
  ASSERT_EQ(heard.size(), kChanges);
  for (const auto& [ticket, phases] : heard)
    ASSERT_THAT(phases, ElementsAre(PlanPhase::Proposed, PlanPhase::Preparing, PlanPhase::Released))
        << "change " << ticket;
}

TEST(GpuPlanBook, OldChangesAreForgottenAndTicketsGoOn) {
  PlanBook book;
  std::thread taker([&] { take_all(book); });
  PlanTicket last = 0;
  for (std::size_t i = 0; i < PlanBook::kKept + 100; ++i) {
    last = book.add({}, 0, {});
    while (book.find(last)->phase != PlanPhase::Released) std::this_thread::yield();
  }
  EXPECT_EQ(last, PlanBook::kKept + 100);
  const auto all = book.all();
  ASSERT_EQ(all.size(), PlanBook::kKept);
  EXPECT_EQ(all.front().ticket, 101U);
  EXPECT_EQ(all.back().ticket, last);
  EXPECT_FALSE(book.find(0));
  EXPECT_FALSE(book.find(100));
  EXPECT_EQ(book.find(101)->ticket, 101U);
  EXPECT_FALSE(book.find(last + 1));
  book.close();
  taker.join();
}

TEST(GpuPlanBook, MoreProposalsThanMayWaitAreRefused) {
  PlanBook book;
  for (std::size_t i = 0; i < PlanBook::kWaiting; ++i)
    EXPECT_EQ(book.find(book.add({}, 0, {}))->phase, PlanPhase::Proposed);
  const auto refused = *book.find(book.add({}, 0, {}));
  EXPECT_EQ(refused.phase, PlanPhase::Refused);
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("too many"));
}

}  // namespace
}  // namespace moescope::runtime
