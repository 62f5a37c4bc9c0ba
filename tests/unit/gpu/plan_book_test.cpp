// The book of plan changes, read and written by several threads.
#include "gpu/engine/plan_book.h"

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
    book.update(proposal->ticket, [](PlanChange& c) { c.phase = PlanPhase::Preparing; });
    book.update(proposal->ticket, [](PlanChange& c) { c.phase = PlanPhase::Released; });
  }
}

TEST(GpuPlanBook, TheListenerHearsTheStatesOfAChangeInTheirOrder) {
  constexpr PlanTicket kChanges = 2000, kThreads = 4;
  PlanBook book;
  std::map<PlanTicket, std::vector<PlanPhase>> heard;
  book.listen([&](const PlanChange& change) { heard[change.ticket].push_back(change.phase); });
  std::thread taker([&] { take_all(book); });
  std::vector<std::thread> proposers;
  for (PlanTicket t = 0; t < kThreads; ++t)
    proposers.emplace_back([&] {
      for (PlanTicket i = 0; i < kChanges / kThreads; ++i) {
        const PlanTicket ticket = book.add({}, 0, {});
        while (book.find(ticket)->phase != PlanPhase::Released) std::this_thread::yield();
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

}  // namespace
}  // namespace moescope::runtime
