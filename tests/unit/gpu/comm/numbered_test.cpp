// What the numbers on messages between processes notice (tests/model shows why that is enough).
#include "gpu/comm/memory/numbered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace moescope::runtime {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::byte> bytes(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

TEST(Numbered, MessagesInOrderArriveAsTheyWere) {
  Numbered sender, receiver;
  for (const std::string text : {"flip", "", "step"})
    EXPECT_EQ(receiver.check(sender.stamp(bytes(text)), "process 0"), bytes(text));
}

TEST(Numbered, ALostMessageIsNoticedWithTheNext) {
  Numbered sender, receiver;
  sender.stamp(bytes("flip"));
  const auto step = sender.stamp(bytes("step"));
  EXPECT_THAT([&] { receiver.check(step, "process 0"); },
              ThrowsMessage<Error>(HasSubstr("process 0, message 2: is not number 1, which was "
                                             "expected: a message is lost")));
}

TEST(Numbered, AMessageThatComesTwiceIsNoticed) {
  Numbered sender, receiver;
  const auto flip = sender.stamp(bytes("flip"));
  receiver.check(flip, "process 0");
  EXPECT_THAT([&] { receiver.check(flip, "process 0"); },
              ThrowsMessage<Error>(HasSubstr("came twice")));
}

TEST(Numbered, AStubIsNoMessage) {
  Numbered receiver;
  EXPECT_THAT([&] { receiver.check(bytes("abc"), "process 1"); },
              ThrowsMessage<Error>(HasSubstr("without a number")));
}

}  // namespace
}  // namespace moescope::runtime
