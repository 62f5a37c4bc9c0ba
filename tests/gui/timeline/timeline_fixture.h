// A timeline in a window of its own, and traces to show in it.
#pragma once

#include <gmock/gmock.h>

#include <QTest>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/file/moetrace.h"
#include "core/trace/sink.h"
#include "tests/gui/wait_for.h"
#include "tests/support/moetrace_samples.h"
#include "tests/support/trace_maker.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/row_header.h"
#include "views/timeline/timeline_view.h"
#include "views/workspace/workspace.h"

namespace moescope::test {

/// `ranks` processes with a device and two streams each (7: attention and expert, 20: dispatch),
/// and a host thread. Layer i of a rank lies in [i * 1000, i * 1000 + 1000).
inline TracePtr make_ranks(int ranks, int layers) {
  TraceBuilder builder;
  const auto put = [&](SpanBatch& batch, const char* name, TimeNs start, TimeNs duration,
                       SpanKind kind, std::uint32_t correlation) {
    Span span;
    span.start = start;
    span.duration = duration;
    span.name = builder.strings().intern(name);
    span.kind = kind;
    span.correlation = correlation;
    batch.columns.push_back(span);
  };
  for (int rank = 0; rank < ranks; ++rank) {
    const ProcessId p = builder.add_process(
        {.label = "rank " + std::to_string(rank), .pid = std::to_string(100 + rank), .rank = rank});
    builder.add_device({.process = p, .index = 0, .name = "Test GPU", .sm_count = 132});
    const auto track = [&](TrackType type, int device, std::int64_t id, const char* name) {
      return builder.add_track(
          {.process = p, .type = type, .device = device, .id = id, .name = name});
    };
    const TrackId compute = track(TrackType::DeviceStream, 0, 7, "stream 7");
    const TrackId comm = track(TrackType::DeviceStream, 0, 20, "stream 20");
    const TrackId host = track(TrackType::Thread, -1, 1, "thread 1");
    SpanBatch work, talk, calls;
    for (int i = 0; i < layers; ++i) {
      const TimeNs at = TimeNs{i} * 1000;
      const auto id = static_cast<std::uint32_t>(3 * i);
      put(calls, "launch", at, 20, SpanKind::Runtime, id + 1);
      put(calls, "launch", at + 30, 20, SpanKind::Runtime, id + 2);
      put(calls, "launch", at + 60, 20, SpanKind::Runtime, id + 3);
      put(work, "flash_attn_fwd", at + 100, 300, SpanKind::Kernel, id + 1);
      put(talk, "deep_ep::dispatch", at + 300, 300, SpanKind::Kernel, id + 2);
      put(work, "deep_gemm::m_grouped_gemm", at + 500, 400, SpanKind::Kernel, id + 3);
    }
    for (auto* batch : {&work, &talk, &calls}) batch->columns.depth.clear();
    builder.append(compute, std::move(work));
    builder.append(comm, std::move(talk));
    builder.append(host, std::move(calls));
  }
  return builder.snapshot();
}

/// Document, shared selection and a shown timeline, wired as the window does it.
struct TimelineWindow {
  explicit TimelineWindow(QSize size = {1030, 520}) {
    view = std::make_unique<TimelineView>(document, selection);
    view->resize(size);
    view->show();
    QApplication::setActiveWindow(view.get());
    canvas().setFocus();
  }

  void open(const TracePtr& trace, bool analyse = true) {
    document.setTrace(trace, {"made.json"});
    if (analyse) document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
    settle();
  }
  /// The same trace from a file, so that nothing is at hand until it is loaded.
  void openFile(const Trace& trace, bool wait = true) {
    Progress progress;
    write_moetrace(trace, folder / "trace.moetrace", progress);
    const TracePtr opened = open_moetrace(folder / "trace.moetrace");
    document.setTrace(opened, {"trace.moetrace"});
    document.setAnalysis(analyze_document(*opened, RuleSet::built_in()));
    if (wait) settle();
  }
  /// Until the picture is whole.
  void settle() {
    QCoreApplication::processEvents();
    ASSERT_TRUE(wait_for([&] {
      canvas().replot(QCustomPlot::rpImmediateRefresh);
      return !view->busy() && canvas().lanes().renderer().complete();
    }));
  }

  TimelineCanvas& canvas() { return view->canvas(); }
  TimelineScene& scene() { return view->scene(); }
  TimelineInteraction& interaction() { return canvas().interaction(); }

  /// Point of the canvas at a time on a lane of a track.
  QPoint at(TimeNs time, TrackId track, int lane = 0) {
    const auto* placed = scene().layout().rowOf(track);
    if (!placed) {
      ADD_FAILURE() << "track " << track << " is not visible";
      return {};
    }
    const int y = scene().layout().laneY(*placed, lane) + scene().layout().laneInk() / 2;
    return canvas().lanesRect().topLeft() +
           QPoint(static_cast<int>(scene().map().x(time) + 0.5), y);
  }
  QPoint onAxis(TimeNs time) { return {static_cast<int>(scene().map().x(time) + 0.5), 10}; }

  void click(QPoint pos, Qt::KeyboardModifiers modifiers = {}) {
    QTest::mouseClick(&canvas(), Qt::LeftButton, modifiers, pos);
  }
  void drag(QPoint from, QPoint to, Qt::KeyboardModifiers modifiers = {},
            Qt::MouseButton button = Qt::LeftButton) {
    QTest::mousePress(&canvas(), button, modifiers, from);
    moveTo((from + to) / 2, button, modifiers);
    moveTo(to, button, modifiers);
    QTest::mouseRelease(&canvas(), button, modifiers, to);
  }
  void moveTo(QPoint pos, Qt::MouseButtons buttons = {}, Qt::KeyboardModifiers modifiers = {}) {
    QMouseEvent event(QEvent::MouseMove, pos, canvas().mapToGlobal(pos), Qt::NoButton, buttons,
                      modifiers);
    QApplication::sendEvent(&canvas(), &event);
  }
  void wheel(QPoint pos, QPoint steps, Qt::KeyboardModifiers modifiers = {}) {
    QWheelEvent event(pos, canvas().mapToGlobal(pos), {}, steps * 120, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&canvas(), &event);
  }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QTest::keyClick(&canvas(), key, modifiers);
  }
  QAction& action(const char* name) {
    auto* found = view->findChild<QAction*>(QLatin1String(name));
    if (!found) throw std::runtime_error(std::string("no action ") + name);
    return *found;
  }
  QImage picture() {
    canvas().replot(QCustomPlot::rpImmediateRefresh);
    return canvas().grab().toImage();
  }
  /// Colour of the canvas at a point of lane `track`.
  QColor colorAt(TimeNs time, TrackId track) { return picture().pixelColor(at(time, track)); }

  TempFolder folder;
  Workspace workspace;
  TraceDocument& document = workspace.trace();
  Selection& selection = workspace.selection();
  std::unique_ptr<TimelineView> view;
};

}  // namespace moescope::test
