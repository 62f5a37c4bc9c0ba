#include "views/workspace/workspace.h"

namespace moescope {
namespace {

/// Name of the first GPU; empty where none is recorded.
QString gpu_name(const Trace& trace) {
  for (const Device& device : trace.devices())
    if (!device.on_cpu && !device.name.empty()) return QString::fromStdString(device.name);
  return {};
}

}  // namespace

Workspace::Workspace(QObject* parent) : QObject(parent) {
  connect(&trace_, &TraceDocument::traceChanged, this, &Workspace::followTrace);
  connect(&trace_, &TraceDocument::traceGrown, this,
          [this] { selection_.grow(trace_.trace()->range()); });
  connect(&loads_, &LoadDocument::loadsReplaced, this, [this] {
    const LoadsPtr& loads = loads_.loads();
    selection_.fitPlace(loads ? loads->layers() : 0, loads ? loads->experts : 0);
  });
}

void Workspace::followTrace() {
  const TracePtr& trace = trace_.trace();
  plan_.serving().setDevice(trace ? gpu_name(*trace) : QString());
  if (!trace_.completing()) {
    compare_.forgetParts();
    selection_.reset(trace ? trace->range() : TimeRange{0, 1});
    ModelPlace place = selection_.place();
    place.step = place.micro_batch = -1;  // of the trace before
    selection_.setPlace(place);
    return;
  }
  // The selection stays except for spans, which may be numbered differently in the file.
  const auto area = selection_.area();
  selection_.setArea(std::nullopt);
  selection_.clearSelection();
  selection_.setHovered({});
  selection_.grow(trace->range());
  selection_.setArea(area);
}

}  // namespace moescope
