#include "core/import/kineto/json_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <limits>

#include "core/import/kineto/json_scan.h"

namespace moescope::kineto {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether `t` is a number by the JSON grammar that fits 64 bits when it is an integer.
bool is_json_number(std::string_view t) {
  std::size_t i = t.starts_with('-') ? 1 : 0;
  const std::size_t digits = i;
  while (i < t.size() && is_digit(t[i])) ++i;
  if (i == digits || (t[digits] == '0' && i - digits > 1)) return false;
  if (i == t.size()) {
    std::int64_t value;
    return i - digits < 19 || std::from_chars(t.data(), t.data() + i, value).ec == std::errc();
  }
  if (t[i] == '.') {
    const std::size_t fraction = ++i;
    while (i < t.size() && is_digit(t[i])) ++i;
    if (i == fraction) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    const std::size_t exponent = i;
    while (i < t.size() && is_digit(t[i])) ++i;
    if (i == exponent || i - exponent > 2) return false;
  }
  return i == t.size();
}

/// Value of the escape \uXXXX at body[at], -1 when its digits are wrong or cut off.
int unicode_escape(std::string_view body, std::size_t at) {
  if (at + 6 > body.size() || body[at] != '\\' || body[at + 1] != 'u') return -1;
  int value = 0;
  for (const char c : body.substr(at + 2, 4)) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) return -1;
    value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

std::optional<std::uint32_t> hex4(std::string_view s, std::size_t at) {
  if (at + 4 > s.size()) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(s.data() + at, s.data() + at + 4, value, 16);
  if (error != std::errc() || end != s.data() + at + 4) return std::nullopt;
  return value;
}

/// Resolves `\uXXXX` at `i` (the backslash), surrogate pairs included; returns the length used.
std::size_t unescape_unicode(std::string_view s, std::size_t i, std::string& out) {
  const auto first = hex4(s, i + 2);
  if (!first) return append_utf8(out, kReplacement), 2;
  if (*first >= 0xD800 && *first < 0xDC00 && i + 7 < s.size() && s[i + 6] == '\\' &&
      s[i + 7] == 'u') {
    const auto second = hex4(s, i + 8);
    if (second && *second >= 0xDC00 && *second < 0xE000) {
      append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
      return 12;
    }
  }
  append_utf8(out, *first >= 0xD800 && *first < 0xE000 ? kReplacement : *first);
  return 6;
}

}  // namespace

void append_scalar(std::string& out, std::string_view token) {
  if (is_json_number(token) || token == "true" || token == "false" || token == "null")
    out += token;
  else
    append_quoted(out, token);
}

bool valid_escapes(std::string_view body) {
  for (std::size_t i = body.find('\\'); i != body.npos; i = body.find('\\', i)) {
    if (i + 1 >= body.size()) return false;
    if (body[i + 1] != 'u') {
      if (!std::strchr("\"\\/bfnrt", body[i + 1]) || body[i + 1] == '\0') return false;
      i += 2;
      continue;
    }
    const int value = unicode_escape(body, i);
    if (value < 0 || (value >= 0xDC00 && value < 0xE000)) return false;
    i += 6;
    if (value < 0xD800 || value >= 0xE000) continue;
    const int low = unicode_escape(body, i);
    if (low < 0xDC00 || low >= 0xE000) return false;
    i += 6;
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::size_t utf8_length(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0U;
  };
  const auto tail = [&](std::size_t k) { return (byte(k) & 0xC0) == 0x80; };
  const unsigned c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c < 0xE0) return tail(1) ? 2 : 0;
  if (c >= 0xE0 && c < 0xF0) {
    const bool overlong = c == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = c == 0xED && byte(1) >= 0xA0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (c >= 0xF0 && c < 0xF5) {
    const bool overlong = c == 0xF0 && byte(1) < 0x90;
    const bool beyond = c == 0xF4 && byte(1) >= 0x90;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  std::size_t length = 1;
  for (std::size_t i = 0; i < text.size() && length > 0; i += length) length = utf8_length(text, i);
  return length > 0;
}

std::string_view token_text(std::string_view token, std::string& scratch) {
  if (token.size() < 2 || token.front() != '"') return token;
  const std::string_view body = token.substr(1, token.size() - 2);
  if (body.size() < 2 || body.find('\\') == body.npos) return body;
  scratch.clear();
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\' || i + 1 >= body.size()) {
      scratch += body[i++];
      continue;
    }
    const char c = body[i + 1];
    if (c == 'u') {
      i += unescape_unicode(body, i, scratch);
      continue;
    }
    constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
    const auto known = kFrom.find(c);
    scratch += known == kFrom.npos ? c : kTo[known];
    i += 2;
  }
  return scratch;
}

namespace {

constexpr std::uint64_t in_every_byte(std::uint64_t value) {
  return value * 0x0101010101010101;
}

/// Value of the eight characters at `p`, -1 unless all are digits. Neighbours are joined into twos,
/// fours and eight by one multiplication each.
std::int64_t eight_digits(const char* p) {
  std::uint64_t text;
  std::memcpy(&text, p, sizeof text);
  const std::uint64_t digits = text ^ in_every_byte('0');
  if (((digits | (digits + in_every_byte(6))) & in_every_byte(0xF0)) != 0) return -1;
  const std::uint64_t twos = (digits * (1 + (10 << 8))) >> 8 & 0x00FF00FF00FF00FF;
  const std::uint64_t fours = (twos * (1 + (100ULL << 16))) >> 16 & 0x0000FFFF0000FFFF;
  return static_cast<std::int64_t>((fours * (1 + (10000ULL << 32))) >> 32);
}

/// Digits with at most three decimals, as nearly all times are written; nullopt for the rest.
std::optional<TimeNs> plain_microseconds(std::string_view token) {
  constexpr std::size_t kMostDigits = 16;
  TimeNs value = 0;
  std::size_t i = 0;
  for (; i < kMostDigits && i + 8 <= token.size(); i += 8) {
    const std::int64_t eight = eight_digits(token.data() + i);
    if (eight < 0) break;
    value = value * 100'000'000 + eight;
  }
  for (; i < token.size() && is_digit(token[i]); ++i) {
    if (i == kMostDigits) return {};
    value = value * 10 + (token[i] - '0');
  }
  if (i == kMostDigits && token[0] == '9') return {};  // may not fit as ns
  if (i == 0) return {};
  TimeNs scale = 1000;
  if (i < token.size() && token[i] == '.' && i + 1 < token.size())
    for (++i; i < token.size() && is_digit(token[i]) && scale > 1; ++i, scale /= 10)
      value = value * 10 + (token[i] - '0');
  if (i < token.size()) return {};
  return value * scale;
}

std::string_view bare(std::string_view token) {
  if (token.size() >= 2 && token.front() == '"') token = token.substr(1, token.size() - 2);
  while (!token.empty() && is_space(token.front())) token.remove_prefix(1);
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
}

}  // namespace

std::optional<TimeNs> microseconds_to_ns(std::string_view token) {
  if (const auto plain = plain_microseconds(token)) return plain;
  token = bare(token);
  const bool negative = token.starts_with('-');
  if (negative || token.starts_with('+')) token.remove_prefix(1);
  int exponent = 3;  // microseconds to ns
  if (const auto e = token.find_first_of("eE"); e != token.npos) {
    int written = 0;
    std::string_view text = token.substr(e + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), written);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
    if (written < -40 || written > 40) return {};
    exponent += written;
    token = token.substr(0, e);
  }
  const auto point = std::min(token.find('.'), token.size());
  // Digits with the decimal point moved `exponent` places to the right; missing ones are zero.
  const auto keep = static_cast<std::int64_t>(point) + exponent;
  std::uint64_t value = 0;
  bool round_up = false;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (i == point) continue;
    if (!is_digit(token[i])) return {};
    const auto place = static_cast<std::int64_t>(digits++);
    if (place == keep) round_up = token[i] >= '5';
    if (place >= keep) continue;
    if (value > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return {};
    value = value * 10 + static_cast<std::uint64_t>(token[i] - '0');
  }
  if (digits == 0) return {};
  for (auto place = static_cast<std::int64_t>(digits); place < keep && value > 0; ++place) {
    if (value > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return {};
    value *= 10;
  }
  value += round_up ? 1 : 0;
  return negative ? -static_cast<TimeNs>(value) : static_cast<TimeNs>(value);
}

std::optional<std::int64_t> token_integer(std::string_view token) {
  token = bare(token);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || token.empty()) return {};
  std::string_view rest(end, static_cast<std::size_t>(token.data() + token.size() - end));
  if (rest.starts_with('.')) {  // 7.0 is 7
    rest.remove_prefix(1);
    while (rest.starts_with('0')) rest.remove_prefix(1);
  }
  if (!rest.empty()) return {};
  return value;
}

void append_control(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control(out, c);
      ++i;
    } else if (const std::size_t n = utf8_length(text, i); n > 0) {
      out += text.substr(i, n);
      i += n;
    } else {
      append_utf8(out, kReplacement);
      ++i;
    }
  }
  out += '"';
}

}  // namespace moescope::kineto
