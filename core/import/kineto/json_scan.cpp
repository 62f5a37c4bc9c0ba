#include "core/import/kineto/json_scan.h"

#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

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
  p = token_end(p, end);
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
      const char* next = scan_string(p, end).end;
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
      p = token_end(p, end);
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
