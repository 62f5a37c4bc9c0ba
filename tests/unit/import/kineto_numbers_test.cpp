// Times as text become exact nanoseconds, whichever way they are written.
#include <gtest/gtest.h>

#include <string>

#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

struct Time {
  std::string text;
  std::optional<TimeNs> ns;
};

class Microseconds : public testing::TestWithParam<Time> {};

TEST_P(Microseconds, BecomeExactNanoseconds) {
  EXPECT_EQ(microseconds_to_ns(GetParam().text), GetParam().ns) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, Microseconds,
    testing::Values(Time{"0", 0}, Time{"1", 1000}, Time{"1.5", 1500}, Time{"1.25", 1250},
                    Time{"1.125", 1125}, Time{"1.1254", 1125}, Time{"1.1255", 1126},
                    Time{"-2.5", -2500}, Time{"\"7\"", 7000}, Time{"1e3", 1000000},
                    Time{"12345678", 12345678000}, Time{"123456789", 123456789000},
                    Time{"1234567.8", 1234567800}, Time{"12345678.875", 12345678875},
                    Time{"1740461686118220", 1740461686118220000}, Time{"1234:678", std::nullopt},
                    Time{"1234/678", std::nullopt}, Time{"12345678x", std::nullopt},
                    Time{"123456789012345:", std::nullopt},
                    Time{"\xb1\xb1\xb1\xb1\xb1\xb1\xb1\xb1", std::nullopt},
                    Time{"1700000000000000.123", 1700000000000000123},
                    Time{"8999999999999999.999", 8999999999999999999},
                    Time{"9000000000000000", 9000000000000000000},
                    Time{"9223372036854775.79", 9223372036854775790},
                    Time{"9300000000000000", std::nullopt}, Time{"10000000000000000", std::nullopt},
                    Time{"99999999999999999999999999", std::nullopt}, Time{"", std::nullopt},
                    Time{".", std::nullopt}, Time{"x", std::nullopt}, Time{"1.2.3", std::nullopt},
                    Time{"1 2", std::nullopt}));

}  // namespace
}  // namespace moescope::kineto
