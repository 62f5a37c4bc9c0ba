// The two decompressors, each checked against zlib's compressor and against the other.
#include "core/import/bytes/gunzip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/gzip_text.h"

namespace moescope {
namespace {

using Outcome = Gunzip::Outcome;
using Random = std::mt19937;

struct Unpacked {
  std::string text;
  int members = 0;
  bool damaged = false;
};

/// Everything of `packed`, in pieces of random sizes.
Unpacked unpack(Gunzip& gunzip, const std::string& packed, Random& random) {
  Unpacked found;
  std::string room(50'000, '\0');
  for (std::size_t at = 0; at < packed.size();) {
    Gunzip::Buffers buffers;
    buffers.in = packed.data() + at;
    buffers.in_size = std::min<std::size_t>(packed.size() - at, 1 + random() % 5'000);
    at += buffers.in_size;
    for (bool more = true; more;) {
      const std::size_t size = 1 + random() % room.size();
      buffers.out = room.data();
      buffers.out_size = size;
      const Outcome outcome = gunzip.run(buffers);
      found.text.append(room, 0, size - buffers.out_size);
      if (outcome == Outcome::Damaged) found.damaged = true;
      if (found.damaged) return found;
      found.members += outcome == Outcome::MemberEnd;
      more = buffers.in_size > 0 || (outcome == Outcome::Going && buffers.out_size == 0);
    }
  }
  return found;
}

std::string random_text(Random& random) {
  std::string text(random() % 3 == 0 ? random() % 40 : random() % 60'000, '\0');
  for (char& c : text) c = static_cast<char>(random() % 4 ? 'a' + random() % 3 : random());
  return text;
}

class Decompressor : public testing::TestWithParam<std::unique_ptr<Gunzip> (*)()> {
 protected:
  std::unique_ptr<Gunzip> gunzip_ = GetParam()();
  Random random_{1};
};

TEST_P(Decompressor, GivesBackEveryMemberWhateverThePieces) {
  for (int round = 0; round < 100; ++round) {
    std::string text, packed;
    const int members = 1 + static_cast<int>(random_() % 4);
    for (int member = 0; member < members; ++member) {
      const std::string part = random_text(random_);
      text += part;
      packed += test::gzip(part, static_cast<int>(random_() % 10));
    }
    const Unpacked found = unpack(*gunzip_, packed, random_);
    ASSERT_EQ(found.members, members) << "round " << round;
    ASSERT_TRUE(found.text == text) << "round " << round;
  }
}

TEST_P(Decompressor, VerifiesTheChecksum) {
  const std::string text = random_text(random_);
  std::string packed = test::gzip(text);
  packed[packed.size() - 6] ^= 1;
  const Unpacked found = unpack(*gunzip_, packed, random_);
  EXPECT_TRUE(found.damaged);
  EXPECT_TRUE(found.text == text);
}

INSTANTIATE_TEST_SUITE_P(Both, Decompressor, testing::Values(&make_zlib_gunzip, &make_gunzip));

TEST(Gunzip, BothSeeTheSameDamage) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    std::string packed = test::gzip(random_text(random), round % 10);
    if (round % 2) {
      packed.resize(random() % packed.size());
    } else {  // not in the header, whose reserved bits only zlib minds
      packed[10 + random() % (packed.size() - 10)] ^= static_cast<char>(1 << random() % 8);
      packed += test::gzip(random_text(random));
    }
    const auto zlib = unpack(*make_zlib_gunzip(), packed, random);
    const auto other = unpack(*make_gunzip(), packed, random);
    ASSERT_EQ(other.members, zlib.members) << "round " << round;
    ASSERT_EQ(other.damaged, zlib.damaged) << "round " << round;
    // Both give out what they have of a symbol that is not whole; ISA-L notices some faults later.
    const std::size_t both = std::min(zlib.text.size(), other.text.size());
    ASSERT_TRUE(zlib.text.compare(0, both, other.text, 0, both) == 0) << "round " << round;
    ASSERT_LT(zlib.text.size() - both, 300U) << "round " << round;
  }
}

}  // namespace
}  // namespace moescope
