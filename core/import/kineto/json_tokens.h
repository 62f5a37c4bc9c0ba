// Where a string, a number or a word of JSON ends: most of the time of reading a trace goes into
// these searches.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace moescope::kineto {

inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
inline const char* skip_space(const char* p, const char* end) {
  while (p < end && is_space(*p)) ++p;
  return p;
}

/// Characters of numbers and bare words.
inline constexpr auto kTokenChars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const unsigned char c : {'-', '+', '.', '/', '_'}) table[c] = true;
  return table;
}();
inline bool is_token_char(char c) {
  return kTokenChars[static_cast<unsigned char>(c)];
}

/// One past the number or word at `p`.
inline const char* token_end(const char* p, const char* end) {
  while (p < end && is_token_char(*p)) ++p;
  return p;
}

/// Bytes of a string that are looked at at once.
inline constexpr std::ptrdiff_t kStep = 16;
using Bytes = unsigned char __attribute__((vector_size(kStep)));

inline Bytes load_bytes(const char* p) {
  Bytes bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}
/// Bit i: the highest bit of byte i.
inline unsigned high_bits(Bytes bytes) {
#ifdef __SSE2__
  return static_cast<unsigned>(_mm_movemask_epi8(reinterpret_cast<__m128i>(bytes)));
#else
  unsigned bits = 0;
  for (unsigned i = 0; i < kStep; ++i) bits |= static_cast<unsigned>(bytes[i] >> 7) << i;
  return bits;
#endif
}
/// A string from its opening quote on.
struct StringToken {
  const char* end = nullptr;  ///< one past the closing quote; nullptr when it does not close or
                              ///< holds a bare control character
  bool escaped = false;       ///< it holds a backslash
  bool ascii = true;
};

/// The string whose opening quote is at `p`.
inline StringToken scan_string(const char* p, const char* end) {
  StringToken token;
  for (++p;;) {
    for (; end - p >= kStep; p += kStep) {
      const Bytes bytes = load_bytes(p);
      const unsigned high = high_bits(bytes);
      const unsigned stop =
          high_bits(reinterpret_cast<Bytes>((bytes == '"') | (bytes == '\\') | (bytes < 0x20)));
      if (stop != 0) {
        token.ascii &= (high & (stop ^ (stop - 1))) == 0;
        p += __builtin_ctz(stop);
        break;
      }
      token.ascii &= high == 0;
    }
    if (p >= end || static_cast<unsigned char>(*p) < 0x20) return token;
    if (*p == '"') {
      token.end = p + 1;
      return token;
    }
    token.ascii &= static_cast<signed char>(*p) >= 0;
    const bool backslash = *p == '\\';
    token.escaped |= backslash;
    if (backslash && end - p < 2) return token;
    if (backslash) token.ascii &= static_cast<signed char>(p[1]) >= 0;
    p += backslash ? 2 : 1;
  }
}

/// Whether the text of `token`, which begins at `p`, is UTF-8, and with `escapes` also free of
/// escapes that JSON does not have.
bool is_valid_text(const char* p, const StringToken& token, bool escapes);

/// One past the string at `p`; nullptr also when it is no valid JSON string.
inline const char* valid_string_end(const char* p, const char* end) {
  const StringToken token = scan_string(p, end);
  const bool plain = token.ascii && !token.escaped;
  return !token.end || plain || is_valid_text(p, token, true) ? token.end : nullptr;
}

}  // namespace moescope::kineto
