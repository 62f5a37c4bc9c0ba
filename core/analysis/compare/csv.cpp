#include "core/analysis/compare/csv.h"

#include <fmt/format.h>

#include "core/plain_text.h"

namespace moescope {
namespace {

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.15g}", *value) : "";
}

}  // namespace

std::string csv_header() {
  return "scope,key,figure,a,b,delta,delta_pct,noise,significant,change\n";
}

std::string csv_line(const Difference& row) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_text_field(row.scope),
                     csv_text_field(row.key), row.figure, number(row.a), number(row.b),
                     number(row.delta()), number(row.delta_percent()), number(row.noise),
                     row.significant ? 1 : 0, to_string(row.change));
}

std::string csv_of(const Comparison& comparison) {
  std::string text = csv_header();
  for (const Difference& row : comparison.differences) text += csv_line(row);
  return text;
}

}  // namespace moescope
