#include "core/plain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace moescope {
namespace {

constexpr unsigned char kDelete = 0x7f;
constexpr std::size_t kLongestUnit = 8;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Bytes of the UTF-8 sequence that begins at `text[at]`; 0 when none does. Overlong forms and
/// surrogates do not pass: what a terminal makes of them is its own affair.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(text[at + i])) return 0;
  if (length < 3) return length;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  const bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                   (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1)
    return (first < 0x20 && first != '\n' && first != '\t') || first == kDelete;
  return sequence.size() == 2 && first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

/// "-1.5", "+3.2 %", "-4 GB/s": a number and at most a unit.
bool is_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(value)) return false;
  std::string_view unit(end);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  return unit.size() <= kLongestUnit && std::all_of(unit.begin(), unit.end(), [](char c) {
           return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '%' || c == '/';
         });
}

bool runs_as_formula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos &&
         !is_number(std::string(text));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool line_end = text.substr(at, 2) == "\r\n";
    const std::size_t length = line_end ? 2 : sequence_length(text, at);
    const auto sequence = text.substr(at, length == 0 ? 1 : length);
    if (line_end || (length != 0 && !is_control(sequence)))
      out += sequence;
    else
      for (const char c : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    at += sequence.size();
  }
  return out;
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const auto c = static_cast<unsigned char>(json[at]);
    const auto next = at + 1 < json.size() ? static_cast<unsigned char>(json[at + 1]) : 0;
    if (c == kDelete)
      out += "\\u007f";
    else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
      out += fmt::format("\\u{:04x}", static_cast<int>(static_cast<unsigned char>(json[++at])));
    else
      out += json[at];
  }
  return out;
}

std::string spreadsheet_text(std::string_view text) {
  return (runs_as_formula(text) ? "'" : "") + printable(text);
}

std::string csv_text_field(std::string_view text) {
  std::string field = spreadsheet_text(text);
  if (field.find_first_of(",\"\r\n\t") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace moescope
