// Strings of JSON, held against reading them byte by byte.
#include "core/import/kineto/json_tokens.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

struct Expected {
  std::ptrdiff_t end = -1;  ///< -1: none
  bool escaped = false, ascii = true;
};

Expected byte_by_byte(const std::vector<char>& text) {
  Expected found;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20) return found;
    if (c == '"') {
      found.end = static_cast<std::ptrdiff_t>(i + 1);
      return found;
    }
    found.ascii = found.ascii && c < 0x80;
    if (c != '\\') continue;
    found.escaped = true;
    if (++i < text.size()) found.ascii = found.ascii && static_cast<unsigned char>(text[i]) < 0x80;
  }
  return found;
}

TEST(JsonTokens, StringsEndWhereReadingThemByteByByteSays) {
  std::mt19937 random(1);
  const std::string rare("\"\\\x1f\n\xc3\xa9\x80\xff\x7f", 9);
  for (int round = 0; round < 50'000; ++round) {
    const unsigned dense = 2 + random() % 60;
    std::vector<char> text(1 + random() % 80, 'a');  // of its size exactly, for AddressSanitizer
    text[0] = '"';
    for (std::size_t i = 1; i < text.size(); ++i)
      if (random() % dense == 0) text[i] = rare[random() % rare.size()];
    const Expected expected = byte_by_byte(text);
    const StringToken token = scan_string(text.data(), text.data() + text.size());
    ASSERT_EQ(token.end ? token.end - text.data() : -1, expected.end) << "round " << round;
    if (expected.end < 0) continue;
    ASSERT_EQ(token.escaped, expected.escaped) << "round " << round;
    ASSERT_EQ(token.ascii, expected.ascii) << "round " << round;
  }
}

/// Whether `body` in quotes is a string, with something behind it.
bool is_string(const std::string& body) {
  const std::string text = '"' + body + "\", \"more\": \"text\"";
  const char* end = valid_string_end(text.data(), text.data() + text.size());
  EXPECT_TRUE(end == nullptr || end == text.data() + body.size() + 2) << body;
  return end != nullptr;
}

TEST(JsonTokens, StringsMustBeUtf8AndEscapedAsJsonDoes) {
  for (const std::string before : {"", "seventeen letters"})
    for (const std::string behind : {"", "seventeen letters"}) {
      for (const char* good : {"", "\xc3\xa9", "\xe4\xb8\x93", "\xf0\x9f\x98\x80",
                               "\\u00e9\xc3\xa9", "\\ud83d\\ude00", "\\\\\\n", "\x7f"})
        EXPECT_TRUE(is_string(before + good + behind)) << before << good << behind;
      for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                              "\xff", "\\x", "\\\xc3\xa9", "\\ud83d", "\\u12g4", "\t"})
        EXPECT_FALSE(is_string(before + bad + behind)) << before << bad << behind;
    }
}

TEST(JsonTokens, TextIsUtf8UpToItsLastByte) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xe4\xb8\x93"));
  EXPECT_FALSE(is_utf8("a\xe4\xb8"));
  EXPECT_FALSE(is_utf8("\xb8 a"));
}

TEST(JsonTokens, NumbersAndWordsEndAtWhatIsNoPartOfThem) {
  for (const std::string token : {"0", "-1.5e+300", "NaN", "a_very_long_word_of_no_meaning/at.all"})
    for (const std::string behind : {"", ",", "}", "]", " ", "\"", ":", "\x80"}) {
      const std::string text = token + behind;
      EXPECT_EQ(token_end(text.data(), text.data() + text.size()) - text.data(), std::ssize(token))
          << text;
    }
}

}  // namespace
}  // namespace moescope::kineto
