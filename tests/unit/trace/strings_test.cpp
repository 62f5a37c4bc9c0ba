#include "core/trace/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "core/error.h"
#include "core/parallel.h"

namespace moescope {
namespace {

std::vector<std::string> numbers(StringId first, StringId end) {
  std::vector<std::string> texts;
  for (StringId id = first; id < end; ++id)
    texts.push_back(id == 0 ? "" : "name " + std::to_string(id));
  return texts;
}

TEST(StringTable, InternedTextsKeepTheirIdAndPlace) {
  StringTable strings;
  const StringId first = strings.intern("first");
  const std::string_view text = strings[first];
  for (int i = 0; i < 1000; ++i) strings.intern(std::to_string(i));
  EXPECT_EQ(strings.intern("first"), first);
  EXPECT_EQ(strings[first].data(), text.data());
  EXPECT_EQ(strings[0], "");
  EXPECT_EQ(strings.size(), 1002U);
  EXPECT_THROW(strings[1002], std::out_of_range);
}

TEST(StringTable, StoredTextsAreReadOnceAndOnlyWhereAskedFor) {
  std::vector<std::pair<StringId, StringId>> reads;
  const StringTable strings(100'000, [&](StringId first, StringId end) {
    reads.emplace_back(first, end);
    return numbers(first, end);
  });
  EXPECT_TRUE(reads.empty());
  EXPECT_EQ(strings.size(), 100'000U);
  EXPECT_EQ(strings[99'999], "name 99999");
  EXPECT_EQ(strings[99'998], "name 99998");
  ASSERT_EQ(reads.size(), 1U);
  EXPECT_LE(reads[0].second - reads[0].first, 1000U);
  EXPECT_THROW(strings[100'000], std::out_of_range);
  strings.load_all();
  const std::size_t all = reads.size();
  EXPECT_EQ(strings[5], "name 5");
  EXPECT_EQ(reads.size(), all);
}

TEST(StringTable, AnUnreadableTextIsMarkedAndLoadAllSaysWhy) {
  bool broken = true;
  const StringTable strings(600, [&](StringId first, StringId end) {
    if (broken && first > 0) throw Error("a.moetrace", "table strings", "gone");
    return numbers(first, end);
  });
  EXPECT_EQ(strings[1], "name 1");
  EXPECT_EQ(strings[599], StringTable::kUnreadable);
  EXPECT_THROW(strings.load_all(), Error);
  broken = false;
  EXPECT_EQ(strings[599], "name 599");
}

TEST(StringTable, NothingIsInternedInAStoredTable) {
  StringTable strings(1, numbers);
  EXPECT_THROW(strings.intern("x"), std::logic_error);
}

TEST(StringTable, ThreadsReadAPageOnce) {
  std::atomic<int> reads = 0, wrong = 0;
  const StringTable strings(10'000, [&](StringId first, StringId end) {
    ++reads;
    return numbers(first, end);
  });
  parallel_for(
      4,
      [&](std::size_t) {
        for (StringId id = 1; id < strings.size(); ++id)
          wrong += strings[id] != "name " + std::to_string(id);
      },
      4);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(reads, 40);
}

}  // namespace
}  // namespace moescope
