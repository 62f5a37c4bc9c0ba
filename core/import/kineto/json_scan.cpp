#include "core/import/kineto/json_scan.h"

#include <array>
#include <cstring>

#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

/// Characters of numbers and bare words.
constexpr auto kTokenChars = [] {
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

constexpr std::uint64_t repeat(unsigned char c) {
  return 0x0101010101010101ULL * c;
}
/// Non-zero when one of the eight bytes is zero.
constexpr std::uint64_t zero_bytes(std::uint64_t v) {
  return (v - repeat(1)) & ~v & repeat(0x80);
}

/// One past the closing quote of the string that opens at `p`, nullptr as in scan_string; tells
/// whether the string holds a backslash.
inline const char* string_end(const char* p, const char* end, bool& escaped) {
  escaped = false;
  ++p;
  for (;;) {
    while (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      const std::uint64_t found = zero_bytes(word ^ repeat('"')) | zero_bytes(word ^ repeat('\\')) |
                                  ((word - repeat(0x20)) & ~word & repeat(0x80));
      if (found) {
        p += __builtin_ctzll(found) >> 3;
        break;
      }
      p += 8;
    }
    if (p >= end) return nullptr;
    if (*p == '"') return p + 1;
    if (static_cast<unsigned char>(*p) < 0x20) return nullptr;
    const bool backslash = *p == '\\';
    escaped = escaped || backslash;
    p += backslash ? 2 : 1;
    if (p > end) return nullptr;
  }
}

/// As string_end, also refusing escapes that JSON does not have.
inline const char* valid_string_end(const char* p, const char* end) {
  bool escaped;
  const char* next = string_end(p, end, escaped);
  if (next && escaped && !valid_escapes({p, static_cast<std::size_t>(next - p)})) return nullptr;
  return next;
}

const char* scan_object(const char* p, const char* end, std::string* out, int depth) {
  if (out) *out += '{';
  p = skip_space(p + 1, end);
  if (p < end && *p == '}') {
    if (out) *out += '}';
    return p + 1;
  }
  while (p < end && *p == '"') {
    const char* key = p;
    p = valid_string_end(p, end);
    if (!p) return nullptr;
    if (out) out->append(key, p);
    p = skip_space(p, end);
    if (p == end || *p != ':') return nullptr;
    if (out) *out += ':';
    p = scan_value(skip_space(p + 1, end), end, out, depth + 1);
    if (!p) return nullptr;
    p = skip_space(p, end);
    if (p == end || (*p != ',' && *p != '}')) return nullptr;
    if (out) *out += *p;
    if (*p == '}') return p + 1;
    p = skip_space(p + 1, end);
  }
  return nullptr;
}

const char* scan_array(const char* p, const char* end, std::string* out, int depth) {
  if (out) *out += '[';
  p = skip_space(p + 1, end);
  if (p < end && *p == ']') {
    if (out) *out += ']';
    return p + 1;
  }
  while (p < end) {
    p = scan_value(p, end, out, depth + 1);
    if (!p) return nullptr;
    p = skip_space(p, end);
    if (p == end || (*p != ',' && *p != ']')) return nullptr;
    if (out) *out += *p;
    if (*p == ']') return p + 1;
    p = skip_space(p + 1, end);
  }
  return nullptr;
}

}  // namespace

const char* scan_string(const char* p, const char* end) {
  bool escaped;
  return string_end(p, end, escaped);
}

const char* scan_value(const char* p, const char* end, std::string* out, int depth) {
  if (p >= end || depth > kMaxDepth) return nullptr;
  if (*p == '{') return scan_object(p, end, out, depth);
  if (*p == '[') return scan_array(p, end, out, depth);
  const char* begin = p;
  if (*p == '"') {
    p = valid_string_end(p, end);
    if (p && out) out->append(begin, p);
    return p;
  }
  while (p < end && is_token_char(*p)) ++p;
  if (p == begin) return nullptr;
  if (out) append_scalar(*out, {begin, static_cast<std::size_t>(p - begin)});
  return p;
}

bool is_object_prefix(std::string_view text) {
  enum class Expect { Key, FirstKey, Colon, Value, FirstValue, Separator };
  std::string open;  // brackets to close
  Expect expect = Expect::Value;
  const char* const end = text.data() + text.size();
  for (const char* p = skip_space(text.data(), end); p < end; p = skip_space(p, end)) {
    const char c = *p;
    const bool value = expect == Expect::Value || expect == Expect::FirstValue;
    const bool key = expect == Expect::Key || expect == Expect::FirstKey;
    const bool closes = !open.empty() && c == open.back() &&
                        (expect == Expect::Separator ||
                         expect == (c == '}' ? Expect::FirstKey : Expect::FirstValue));
    if (closes) {
      open.pop_back();
      if (open.empty()) return false;  // complete
      expect = Expect::Separator;
      ++p;
    } else if (c == '"' && (key || value)) {
      const char* next = scan_string(p, end);
      if (!next) {  // runs out of text, unless a control character stopped it
        for (const char* q = p; q < end; ++q)
          if (static_cast<unsigned char>(*q) < 0x20) return false;
        return true;
      }
      p = next;
      expect = key ? Expect::Colon : Expect::Separator;
    } else if (value && (c == '{' || c == '[')) {
      open += c == '{' ? '}' : ']';
      if (open.size() > kMaxDepth) return false;
      expect = c == '{' ? Expect::FirstKey : Expect::FirstValue;
      ++p;
    } else if (value && is_token_char(c) && !open.empty()) {
      while (p < end && is_token_char(*p)) ++p;
      expect = Expect::Separator;
    } else if (expect == Expect::Colon && c == ':') {
      expect = Expect::Value;
      ++p;
    } else if (expect == Expect::Separator && c == ',') {
      expect = open.back() == '}' ? Expect::Key : Expect::Value;
      ++p;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace moescope::kineto
