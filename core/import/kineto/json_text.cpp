#include "core/import/kineto/json_text.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace moescope::kineto {
namespace {

constexpr int kMaxDepth = 64;

constexpr std::uint64_t repeat(unsigned char c) {
  return 0x0101010101010101ULL * c;
}
/// Non-zero when one of the eight bytes is zero.
constexpr std::uint64_t zero_bytes(std::uint64_t v) {
  return (v - repeat(1)) & ~v & repeat(0x80);
}

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.' || c == '/' || c == '_';
}

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

void append_scalar(std::string& out, std::string_view token) {
  if (is_json_number(token) || token == "true" || token == "false" || token == "null")
    out += token;
  else
    append_quoted(out, token);
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

/// Every escape is one of JSON's; surrogates stand in pairs.
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

const char* scan_object(const char* p, const char* end, std::string* out, int depth) {
  if (out) *out += '{';
  p = skip_space(p + 1, end);
  if (p < end && *p == '}') {
    if (out) *out += '}';
    return p + 1;
  }
  while (p < end && *p == '"') {
    const char* key = p;
    p = scan_string(p, end);
    if (!p || !valid_escapes({key, static_cast<std::size_t>(p - key)})) return nullptr;
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

constexpr std::uint32_t kReplacement = 0xFFFD;

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

/// Length of the well-formed UTF-8 sequence at `i`, 0 when there is none.
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

/// Rewrites one broken object; every method returns false when the meaning is lost.
class Repair {
 public:
  explicit Repair(std::string_view text) : text_(text) {}
  bool run() {
    if (!value(0, false)) return false;
    space();
    return at_ == text_.size();
  }
  std::string take() { return std::move(out_); }

 private:
  char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  std::size_t after_space(std::size_t at) const {
    while (at < text_.size() && is_space(text_[at])) ++at;
    return at;
  }
  void space() { at_ = after_space(at_); }

  bool value(int depth, bool in_object) {
    if (depth > kMaxDepth) return false;
    space();
    const char c = peek(at_);
    if (c == '{') return container(depth, true);
    if (c == '[') return container(depth, false);
    if (c == '"') return string([&](std::size_t at) { return ends_value(at, in_object); });
    return scalar();
  }
  bool container(int depth, bool object) {
    const char close = object ? '}' : ']';
    out_ += peek(at_++);
    for (bool first = true;; first = false) {
      space();
      if (peek(at_) == close) break;
      if (at_ >= text_.size()) return false;
      if (!first) out_ += ',';
      if (object && !key()) return false;
      if (!value(depth + 1, object)) return false;
      space();
      if (peek(at_) == ',')
        ++at_;
      else if (peek(at_) != close)
        return false;
    }
    ++at_;
    out_ += close;
    return true;
  }
  bool key() {
    if (peek(at_) != '"') return false;
    if (!string([&](std::size_t at) { return peek(after_space(at)) == ':'; })) return false;
    space();
    ++at_;
    out_ += ':';
    return true;
  }
  /// Whether a quote just before `at` can end a value, judged by what follows.
  bool ends_value(std::size_t at, bool in_object) const {
    at = after_space(at);
    const char c = peek(at);
    if (at >= text_.size()) return true;
    if (c == '}' || c == ']') {
      const std::size_t next = after_space(at + 1);
      return next >= text_.size() || peek(next) == ',' || peek(next) == '}' || peek(next) == ']';
    }
    if (c != ',') return false;
    at = after_space(at + 1);
    if (!in_object) return peek(at) != ',' && peek(at) != '\0';
    if (peek(at) == '}') return true;
    if (peek(at) != '"') return false;
    const std::size_t quote = text_.find('"', at + 1);
    return quote != text_.npos && peek(after_space(quote + 1)) == ':';
  }
  template <typename Ends>
  bool string(Ends ends) {
    out_ += '"';
    for (++at_; at_ < text_.size();) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (ends(at_)) {
          out_ += '"';
          return true;
        }
        out_ += "\\\"";
      } else if (c == '\\') {
        escape();
      } else if (static_cast<unsigned char>(c) < 0x20) {
        constexpr char kHex[] = "0123456789abcdef";
        out_ += "\\u00";
        out_ += kHex[c >> 4];
        out_ += kHex[c & 15];
        ++at_;
      } else if (const std::size_t n = utf8_length(text_, at_); n > 0) {
        out_ += text_.substr(at_, n);
        at_ += n;
      } else {
        append_utf8(out_, kReplacement);
        ++at_;
      }
    }
    return false;
  }
  void escape() {
    const std::size_t n = peek(at_ + 1) == 'u' ? 6 : 2;
    const auto sequence = text_.substr(at_, n);
    if (sequence.size() == n && valid_escapes(sequence)) {
      out_ += sequence;
      at_ += n;
    } else {
      out_ += "\\\\";
      ++at_;
    }
  }
  bool scalar() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !std::strchr(",}]\n\"{[:", text_[at_])) ++at_;
    std::size_t end = at_;
    while (end > begin && is_space(text_[end - 1])) --end;
    if (end == begin) return false;
    for (std::size_t i = begin; i < end; ++i)
      if (static_cast<unsigned char>(text_[i]) < 0x20 || text_[i] < 0) return false;
    append_scalar(out_, text_.substr(begin, end - begin));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

const char* scan_string(const char* p, const char* end) {
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
    p += *p == '\\' ? 2 : 1;
    if (p > end) return nullptr;
  }
}

const char* scan_value(const char* p, const char* end, std::string* out, int depth) {
  if (p >= end || depth > kMaxDepth) return nullptr;
  if (*p == '{') return scan_object(p, end, out, depth);
  if (*p == '[') return scan_array(p, end, out, depth);
  const char* begin = p;
  if (*p == '"') {
    p = scan_string(p, end);
    if (!p || !valid_escapes({begin, static_cast<std::size_t>(p - begin)})) return nullptr;
    if (out) out->append(begin, p);
    return p;
  }
  while (p < end && is_token_char(*p)) ++p;
  if (p == begin) return nullptr;
  if (out) append_scalar(*out, {begin, static_cast<std::size_t>(p - begin)});
  return p;
}

std::string_view token_text(std::string_view token, std::string& scratch) {
  if (token.size() < 2 || token.front() != '"') return token;
  const std::string_view body = token.substr(1, token.size() - 2);
  if (body.find('\\') == body.npos) return body;
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

std::string_view bare(std::string_view token) {
  if (token.size() >= 2 && token.front() == '"') token = token.substr(1, token.size() - 2);
  while (!token.empty() && is_space(token.front())) token.remove_prefix(1);
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
}

}  // namespace

std::optional<TimeNs> microseconds_to_ns(std::string_view token) {
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

std::optional<std::string> repair_object(std::string_view text) {
  Repair repair(text);
  if (!repair.run()) return std::nullopt;
  return repair.take();
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
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
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
