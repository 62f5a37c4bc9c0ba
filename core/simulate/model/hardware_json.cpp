// A hardware description as the text of a file.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/simulate/model/hardware.h"

namespace moescope {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string kernel_line(const KernelCost& k) {
  std::string constants;
  for (std::size_t i = 0; i < k.constants.size(); ++i)
    constants += fmt::format("{}\"{}\": {:.5g}", i == 0 ? "" : ", ", k.formula->constants[i].name,
                             k.constants[i]);
  return fmt::format(
      "  {{\"table\": {}, \"kernel\": {}, {}\"formula\": \"{}\",{}\n   \"constants\": {{{}}},\n"
      "   \"error\": {{\"rows\": {}, \"median\": {:.4f}, \"p90\": {:.4f}, \"p95\": {:.4f}}}, "
      "\"source\": {}}}",
      quoted(k.id.table), quoted(k.id.name),
      k.id.version.empty() ? "" : fmt::format("\"version\": {}, ", quoted(k.id.version)),
      k.formula->name, k.leftover == Leftover::Lowest ? " \"leftover\": \"lowest\"," : "",
      constants, k.error.rows, k.error.median, k.error.p90, k.error.p95, quoted(k.source));
}

}  // namespace

std::string hardware_json(const Hardware& hardware) {
  std::string text = fmt::format("{{\"schema\": 1, \"name\": {}, \"title\": {},\n",
                                 quoted(hardware.name), quoted(hardware.title));
  if (!hardware.system.empty()) text += fmt::format(" \"system\": {},\n", quoted(hardware.system));
  text += " \"constants\": {\n";
  const auto& constants = hardware_constants();
  for (const auto& c : constants)
    text +=
        fmt::format("  \"{}\": {{\"value\": {}, \"source\": {}}}{}\n", c.name, hardware.*c.member,
                    quoted(hardware.sources.at(c.name)), &c == &constants.back() ? "" : ",");
  text += " }";
  const auto& kernels = hardware.kernels.kernels;
  if (!kernels.empty()) {
    text += ",\n \"kernels\": [\n";
    for (const auto& k : kernels) text += kernel_line(k) + (&k == &kernels.back() ? "\n" : ",\n");
    text += " ]";
  }
  return text + "}\n";
}

}  // namespace moescope
