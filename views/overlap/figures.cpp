#include "views/overlap/figures.h"

#include <QCoreApplication>

#include "views/common/units.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("Figures", text);
}

template <auto Member>
std::optional<double> member(const OverlapFigures& figures) {
  return static_cast<double>(figures.*Member);
}

std::optional<double> percent(const OverlapFigures& figures) {
  return figures.overlap_percent();
}

}  // namespace

const std::vector<FigureDefinition>& figure_definitions() {
  using F = OverlapFigures;
  static const std::vector<FigureDefinition> definitions = {
      {tr("Exposed communication"), "exposed_comm_ns", "ns",
       tr("Time in which communication ran on the device and no compute did: union of "
          "communication minus its intersection with the union of compute"),
       member<&F::exposed>},
      {tr("Overlap"), "overlap_pct", "%",
       tr("100 x overlapped time / communication time; not defined without communication"),
       percent},
      {tr("Overlapped"), "overlap_ns", "ns",
       tr("Time in which communication and compute ran at once: intersection of the two unions "
          "over all streams of the device"),
       member<&F::overlap>},
      {tr("Communication"), "comm_ns", "ns",
       tr("Union of the communication kernels over all streams of the device"), member<&F::comm>},
      {tr("Waiting"), "comm_wait_ns", "ns",
       tr("Union of the communication kernels that only wait (notify, barrier); the rest of "
          "communication transfers"),
       member<&F::wait>},
      {tr("Compute"), "compute_ns", "ns",
       tr("Union of all kernels that are not communication, over all streams of the device"),
       member<&F::compute>},
      {tr("Memory"), "memory_ns", "ns", tr("Union of copies and fills of the device"),
       member<&F::memory>},
      {tr("Busy"), "busy_ns", "ns", tr("Union of all GPU events: kernels, copies and fills"),
       member<&F::busy>},
      {tr("Idle"), "idle_ns", "ns", tr("Span minus busy: nothing ran on the device"),
       member<&F::idle>},
      {tr("Span"), "span_ns", "ns", tr("Last end minus first start of the GPU events"),
       member<&F::span>},
      {tr("Communication events"), "comm", "", tr("Communication kernels counted"),
       member<&F::comm_events>},
      {tr("Compute events"), "compute", "", tr("Compute kernels counted"),
       member<&F::compute_events>},
      {tr("Memory events"), "memory", "", tr("Copies and fills counted"),
       member<&F::memory_events>},
  };
  return definitions;
}

QString figure_text(const FigureDefinition& definition, const OverlapFigures& figures) {
  const auto value = definition.value(figures);
  if (!value) return QString::fromUtf8("—");
  if (definition.unit == "%") return QString::number(*value, 'f', 4) + " %";
  const QString number = format_count(static_cast<quint64>(*value));
  return definition.unit.isEmpty() ? number : number + ' ' + definition.unit;
}

QString figure_number(const FigureDefinition& definition, const OverlapFigures& figures) {
  const auto value = definition.value(figures);
  if (!value) return {};
  return definition.unit == "%" ? QString::number(*value, 'f', 4)
                                : QString::number(static_cast<qint64>(*value));
}

}  // namespace moescope
