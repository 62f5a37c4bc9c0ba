// Sanitising foreign text for a terminal or a spreadsheet.
#pragma once

#include <string>
#include <string_view>

namespace moescope {

/// `text` (UTF-8) without anything that a terminal interprets: control characters (C0 but tab and
/// line end, DEL, C1 in UTF-8) and stray bytes that are no UTF-8 become `\xHH`; the rest stays.
std::string printable(std::string_view text);

/// JSON text with DEL and the C1 control characters escaped too, which JSON itself allows.
std::string printable_json(std::string_view json);

/// `text` for a cell of a spreadsheet: printable, and with an apostrophe in front when it would be
/// run as a formula (it begins with =, +, -, @, tab or carriage return and is no number, with or
/// without a unit), as OWASP advises against CSV injection.
std::string spreadsheet_text(std::string_view text);
/// A CSV field (RFC 4180) with spreadsheet_text(): quoted where commas, quotes or line ends need
/// it.
std::string csv_text_field(std::string_view text);

}  // namespace moescope
