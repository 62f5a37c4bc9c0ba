#include "views/timeline/spans/class_table.h"

namespace moescope {

std::array<CellColor, kSpanKindCount> ClassTable::default_kinds() {
  std::array<CellColor, kSpanKindCount> kinds{};
  kinds.fill(static_cast<CellColor>(SpanClass::Host));
  kinds[static_cast<std::size_t>(SpanKind::Kernel)] =
      static_cast<CellColor>(SpanClass::OtherCompute);
  kinds[static_cast<std::size_t>(SpanKind::Memcpy)] = static_cast<CellColor>(SpanClass::Memory);
  kinds[static_cast<std::size_t>(SpanKind::Memset)] = static_cast<CellColor>(SpanClass::Memory);
  return kinds;
}

namespace {

/// Calls, operators and annotations of one name have one shade; the same in every trace.
CellColor host_color(std::string_view name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  return static_cast<CellColor>(static_cast<unsigned>(SpanClass::Host) + (hash >> 8) % kHostShades);
}

}  // namespace

ClassTable::ClassTable(const Trace& trace, const Classification* classes) {
  if (!classes) return;
  const auto names = trace.strings().size();
  kernels_.resize(names);
  hosts_.resize(names);
  for (std::size_t id = 0; id < names; ++id) {
    kernels_[id] = cell_color(classes->of(SpanKind::Kernel, static_cast<StringId>(id)));
    hosts_[id] = host_color(trace.strings()[static_cast<StringId>(id)]);
  }
}

}  // namespace moescope
