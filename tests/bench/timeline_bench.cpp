// How long pictures of a large .moetrace take. usage: moescope-timeline-bench TRACE.moetrace
// [Google Benchmark options]; make one of 10 million spans with 200 lanes by
// moescope-generate-moetrace OUT.moetrace 10000000 200 4
#include <benchmark/benchmark.h>

#include <QApplication>
#include <QElapsedTimer>
#include <fstream>
#include <iostream>
#include <memory>

#include "core/analysis/spans/find.h"
#include "core/trace/file/moetrace.h"
#include "views/timeline/timeline_canvas.h"

namespace moescope {
namespace {

std::string trace_file;

/// A canvas of its own: what a window shows of the lanes, without the docks around it.
struct Picture {
  Picture(QSize size, int lane_height, bool analyse) {
    open(analyse);
    scene = std::make_unique<TimelineScene>(document, selection);
    canvas = std::make_unique<TimelineCanvas>(*scene, nullptr);
    canvas->setAttribute(Qt::WA_DontShowOnScreen, false);
    canvas->resize(size);
    canvas->show();
    scene->setLaneHeight(lane_height);
    for (const auto& process : document.trace()->processes()) {
      const auto id = static_cast<ProcessId>(&process - document.trace()->processes().data());
      const RowKey threads{RowKind::Threads, id};
      const auto* row = scene->rows().find(threads);
      if (row && row->collapsed) scene->rows().toggle(threads);
    }
    settle();
  }

  void open(bool analyse) {
    const TracePtr trace = open_moetrace(trace_file);
    document.setTrace(trace, {QString::fromStdString(trace_file)});
    selection.reset(trace->range());
    // What an analysis holds of a larger trace would hide what the timeline holds.
    if (!analyse || trace->span_count() > 20'000'000) return;
    auto results = std::make_shared<AnalysisResults>();
    results->classes = std::make_shared<const Classification>(*trace, RuleSet::built_in());
    results->activity = analyze_overlap(*trace, *results->classes).activity;
    document.setAnalysis(std::move(results));
  }

  /// Until the picture is whole.
  void settle() {
    do {
      QApplication::processEvents();
      draw();
    } while (scene->busy() || !canvas->lanes().renderer().complete());
  }
  /// Draws and brings it to the window now.
  void draw() { canvas->replot(QCustomPlot::rpImmediateRefresh); }

  /// Shows 1/`zoom` of the trace around its middle.
  void zoomTo(double zoom) {
    const TimeRange full = selection.full();
    const auto length = static_cast<TimeNs>(static_cast<double>(full.length()) / zoom);
    const TimeNs begin = full.begin + full.length() / 2 - length / 2;
    selection.setRange({begin, begin + length});
  }
  double lanes() const {
    double lanes = 0;
    for (const auto& placed : scene->layout().placed())
      if (placed.row->key.kind == RowKind::Track) lanes += placed.row->lanes;
    return lanes;
  }

  TraceDocument document;
  Selection selection;
  std::unique_ptr<TimelineScene> scene;
  std::unique_ptr<TimelineCanvas> canvas;
};

Picture& full_hd() {
  static Picture picture({1920, 1080}, 4, true);
  return picture;
}
Picture& ultra_hd() {
  static Picture picture({3840, 2160}, 9, true);
  return picture;
}

/// Everything that a frame does, from tiles and chunks that are at hand: columns of every lane,
/// the picture, axis, names, and the window.
void FullReplot(benchmark::State& state) {
  auto& picture = full_hd();
  picture.zoomTo(static_cast<double>(state.range(0)));
  picture.settle();
  for (auto _ : state) {
    picture.canvas->lanes().renderer().invalidate(true);
    picture.draw();
  }
  state.counters["lanes"] = picture.lanes();
}
BENCHMARK(FullReplot)->RangeMultiplier(10)->Range(1, 1'000'000)->Unit(benchmark::kMillisecond);

/// The same while a search dims the rest: 0 hits a few layers' kernels, 1 half of all spans.
void FullReplotSearched(benchmark::State& state) {
  auto& picture = full_hd();
  Progress progress;
  const std::string name = state.range(1) == 0 ? "notify_dispatch" : "l";
  picture.selection.setFound(find_spans(*picture.document.trace(), {name}, progress).map);
  picture.zoomTo(static_cast<double>(state.range(0)));
  picture.settle();
  for (auto _ : state) {
    picture.canvas->lanes().renderer().invalidate(true);
    picture.draw();
  }
  picture.selection.setFound(nullptr);
}
BENCHMARK(FullReplotSearched)
    ->ArgsProduct({benchmark::CreateRange(1, 1'000'000, 10), {0, 1}})
    ->Unit(benchmark::kMillisecond);

/// Finding a name in the whole trace.
void Search(benchmark::State& state) {
  auto& picture = full_hd();
  for (auto _ : state) {
    Progress progress;
    benchmark::DoNotOptimize(
        find_spans(*picture.document.trace(), {"notify_dispatch"}, progress).total);
  }
}
BENCHMARK(Search)->Unit(benchmark::kMillisecond);

/// From one zoom to the next until the picture is whole, pieces read from the file.
void ZoomIn(benchmark::State& state) {
  auto& picture = full_hd();
  double zoom = 1;
  for (auto _ : state) {
    zoom = zoom > 100'000 ? 1 : zoom * 1.37;
    picture.zoomTo(zoom);
    picture.settle();
  }
}
BENCHMARK(ZoomIn)->Unit(benchmark::kMillisecond);

void pan(benchmark::State& state, Picture& picture) {
  picture.zoomTo(static_cast<double>(state.range(0)));
  picture.settle();
  double direction = 1;
  int steps = 0;
  for (auto _ : state) {
    if (++steps % 40 == 0) direction = -direction;
    picture.selection.pan(direction * 0.01);
    QApplication::processEvents();
    picture.draw();
  }
}
/// By the pointer, as a user drags: large pictures may drop to half the resolution.
void dragBy(benchmark::State& state, Picture& picture) {
  picture.zoomTo(static_cast<double>(state.range(0)));
  picture.settle();
  auto& interaction = picture.canvas->interaction();
  const double middle = picture.canvas->width() / 2.0;
  interaction.press({middle, 100}, Qt::MiddleButton, {});
  int step = 0;
  for (auto _ : state) {
    ++step;
    interaction.move({middle + (step % 80 < 40 ? step % 80 : 80 - step % 80) * 20.0, 100},
                     Qt::MiddleButton);
    QApplication::processEvents();
    picture.draw();
  }
  interaction.release({middle, 100}, Qt::MiddleButton, {});
}
void DragUltraHd(benchmark::State& state) {
  dragBy(state, ultra_hd());
}
BENCHMARK(DragUltraHd)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);
void PanFullHd(benchmark::State& state) {
  pan(state, full_hd());
}
BENCHMARK(PanFullHd)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);
void PanUltraHd(benchmark::State& state) {
  pan(state, ultra_hd());
}
BENCHMARK(PanUltraHd)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

void Hover(benchmark::State& state) {
  auto& picture = full_hd();
  picture.zoomTo(100);
  picture.settle();
  TimeNs at = picture.selection.range().begin;
  for (auto _ : state) {
    picture.selection.setCursor(at += 1000);
    QApplication::processEvents();
  }
}
BENCHMARK(Hover)->Unit(benchmark::kMillisecond);

/// From the name of a file to the first whole picture of all lanes.
void FirstPicture(benchmark::State& state) {
  for (auto _ : state) {
    const Picture picture({1920, 1080}, 4, false);
    benchmark::DoNotOptimize(picture.canvas.get());
  }
}
BENCHMARK(FirstPicture)->Unit(benchmark::kMillisecond);

/// The plain way, for comparison: one fillRect for each span of a tenth of the trace.
void OneFillRectASpan(benchmark::State& state) {
  const TracePtr trace = open_moetrace(trace_file);
  const TimeRange range{0, trace->range().end / 10};
  const PixelMap map(range, 1920);
  QImage image(1920, 1080, QImage::Format_RGB32);
  std::vector<QRectF> rects;
  for (TrackId track = 0; track < trace->tracks().size(); ++track) {
    trace->visit_chunks(track, range, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto& c = chunk.columns();
      for (std::size_t i = 0; i < c.size() && c.start[i] < range.end; ++i)
        rects.emplace_back(map.x(c.start[i]), 5.0 * track,
                           std::max(1.0, map.x(c.start[i] + c.duration[i]) - map.x(c.start[i])),
                           4.0);
      return true;
    });
  }
  for (auto _ : state) {
    image.fill(Qt::white);
    QPainter painter(&image);
    for (const auto& rect : rects) painter.fillRect(rect, Qt::darkGreen);
  }
  state.counters["spans"] = static_cast<double>(rects.size());
}
BENCHMARK(OneFillRectASpan)->Unit(benchmark::kMillisecond);

void print_peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM")) std::cout << "peak memory " << line.substr(6) << std::endl;
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: moescope-timeline-bench TRACE.moetrace [--benchmark_filter=...]\n";
    return 2;
  }
  moescope::trace_file = argv[1];
  QApplication app(argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  moescope::print_peak_memory();
  std::_Exit(0);  // pictures are static: Qt is gone before them
}
