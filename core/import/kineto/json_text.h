// What JSON tokens mean: texts, exact decimals, numbers; and writing them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/trace/types.h"

namespace moescope::kineto {

/// Text of a token: what is between the quotes, escapes resolved, or the bare token itself.
/// `scratch` backs the result when escapes had to be resolved.
std::string_view token_text(std::string_view token, std::string& scratch);

/// Integer or decimal of microseconds (plain, in quotes or with an exponent) as ns, digits beyond
/// ns rounded; nullopt when it is no number or does not fit.
std::optional<TimeNs> microseconds_to_ns(std::string_view token);
/// An integer token, plain or in quotes.
std::optional<std::int64_t> token_integer(std::string_view token);

/// Every escape in `body` is one of JSON's; surrogates stand in pairs.
bool valid_escapes(std::string_view body);

bool is_utf8(std::string_view text);
/// Length of the well-formed UTF-8 sequence at `i`, 0 when there is none.
std::size_t utf8_length(std::string_view s, std::size_t i);
/// Stands for what cannot be read.
inline constexpr std::uint32_t kReplacement = 0xFFFD;
void append_utf8(std::string& out, std::uint32_t c);

/// Appends a bare token as it stands when JSON has it (numbers that fit, true, false, null), else
/// as a string.
void append_scalar(std::string& out, std::string_view token);
/// Appends a control character as JSON writes it, as a four-digit escape.
void append_control(std::string& out, char c);
/// Appends `text` as a JSON string with quotes.
void append_quoted(std::string& out, std::string_view text);

}  // namespace moescope::kineto
