// Formatting of numbers: adaptive units, three significant digits, thousands separated.
#pragma once

#include <QLocale>
#include <QString>
#include <string>

#include "core/trace/types.h"

namespace moescope {

/// How numbers are written, whatever the system's language.
QLocale english_locale();

/// "128 ms", "4.19 ms", "52.0 µs", "7 ns": three significant digits.
QString format_time(TimeNs ns);
/// "129,012,000 ns": the full value, for tooltips.
QString format_time_full(TimeNs ns);
/// A position: seconds with as many decimals as `resolution` (ns per pixel) can show.
QString format_position(TimeNs ns, double resolution);
QString format_count(quint64 n);  ///< "14,240"
/// "1 span", "14,240 spans".
QString counted(quint64 n, const QString& one, const QString& many);
QString format_percent(double percent);  ///< "96.3 %"
QString format_bytes(quint64 bytes);     ///< "1.50 GiB"
/// What core wrote for a terminal, with the window's sign for microseconds: "10 us" -> "10 µs".
QString with_window_units(const std::string& text);

}  // namespace moescope
