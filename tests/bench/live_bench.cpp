// Measures the live window: how old a span is when the first frame shows it, and how long live data
// holds the GUI thread. Prints Markdown.
//
// usage: moescope-live-bench [SECONDS] [RANKS] [WIDTH HEIGHT]
//
// The real window watches the real moescope-node on two nodes, offscreen. Each arrangement of docks
// is measured for SECONDS (20) at RANKS (16). A span is shown by the frame after whose drawing the
// timeline has it: the picture is drawn from spans in memory without waiting, and spans of rows
// that are scrolled away are left out. A block is the time that the GUI thread spends on one event
// of its loop; its processor time is reported beside it, because the node works on the same cores.
// The analysis is as old as its last work is before the end of the trace.
#include <fmt/format.h>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

#include "app/window/main_window.h"
#include "tests/bench/load_average.h"
#include "views/balance/balance_view.h"
#include "views/load/load_view.h"
#include "views/timeline/timeline_canvas.h"

namespace moescope {
namespace {

using bench::load_average;

using Milliseconds = double;
constexpr Milliseconds kGoalPixel = 250, kGoalBlock = 16;

Milliseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last + 0.5)];
}

/// What the event loop did in one arrangement of docks.
struct Figures {
  std::vector<Milliseconds> span_to_frame;
  std::vector<Milliseconds> analysis_age;  ///< in every frame
  std::vector<Milliseconds> blocks, cpu;   ///< of every event of the loop
  Milliseconds loads = 0, all = 0, on_processor = 0;
  struct Share {
    Milliseconds longest = 0, on_processor = 0, longest_on_processor = 0;
  };
  std::map<QString, Share> shares;  ///< by who got which event
};

/// Detects the spans that a frame shows and the previous one did not.
class FrameWatch {
 public:
  explicit FrameWatch(TimelineCanvas& canvas) : canvas_(canvas) {}
  void painted() { painted_ = true; }
  /// Nobody watched for a while: the next frame only notes what is there.
  void forget() { trace_.reset(); }
  /// After an event of the loop: the frame is out.
  void frame(Figures& figures) {
    if (!std::exchange(painted_, false)) return;
    const TracePtr trace = canvas_.scene().trace();
    if (!trace || trace == trace_ || !trace->info().start_epoch_ns) return;
    const auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count() -
                      *trace->info().start_epoch_ns;
    const TimeRange range = canvas_.scene().selection().range();
    seen_.resize(trace->tracks().size());
    for (const PlacedRow& placed : canvas_.scene().layout().placed())
      if (placed.row->key.kind == RowKind::Track && trace_)
        take(*trace, placed.row->key.track, wall, range, figures);
    for (TrackId track = 0; track < seen_.size(); ++track) seen_[track] = trace->span_count(track);
    trace_ = trace;
    if (const AnalysisPtr analysis = canvas_.scene().document().analysis())
      figures.analysis_age.push_back(static_cast<double>(trace->range().end - last_end(*analysis)) /
                                     1e6);
  }

 private:
  static TimeNs last_end(const AnalysisResults& analysis) {
    TimeNs last = 0;
    for (const DeviceActivity& device : analysis.activity)
      for (const IntervalSet* set : {&device.compute, &device.comm})
        if (!set->intervals().empty()) last = std::max(last, set->intervals().back().end);
    return last;
  }
  void take(const Trace& trace, TrackId track, TimeNs wall, TimeRange range, Figures& figures) {
    const auto& infos = trace.chunk_infos(track);
    for (std::size_t i = infos.size(); i-- > 0;) {
      const ChunkInfo& info = infos[i];
      if (info.first_index + info.count <= seen_[track]) break;
      const auto chunk = trace.chunk(track, i);
      const SpanColumns& columns = chunk->columns();
      for (std::size_t row = 0; row < columns.size(); ++row) {
        if (info.first_index + row < seen_[track] || columns.kind[row] != SpanKind::Kernel)
          continue;
        const TimeNs end = columns.start[row] + columns.duration[row];
        if (end >= range.begin && columns.start[row] <= range.end)
          figures.span_to_frame.push_back(static_cast<double>(wall - end) / 1e6);
      }
    }
  }

  TimelineCanvas& canvas_;
  TracePtr trace_;
  std::vector<std::uint64_t> seen_;
  bool painted_ = false;
};

/// Measures every event of the loop.
class MeasuredApplication : public QApplication {
 public:
  using QApplication::QApplication;
  void begin(MainWindow* window, Figures* figures) {
    if (window != nullptr && !watch_) {
      canvas_ = window->findChild<TimelineCanvas*>();
      watch_.emplace(*canvas_);
      const auto loads = [this] { loads_event_ = true; };
      connect(&window->loads(), &LoadDocument::loadsChanged, this, loads);
      connect(window->findChild<LoadView*>(), &LoadView::pictureChanged, this, loads);
    }
    if (watch_) watch_->forget();
    figures_ = figures;
  }

  bool notify(QObject* receiver, QEvent* event) override {
    if (figures_ == nullptr) return QApplication::notify(receiver, event);
    const QString who = depth_ > 0 ? QString() : name_of(*receiver, *event);
    const QEvent::Type type = event->type();
    const bool loads_paint = type == QEvent::Paint && of_loads(receiver);
    const Milliseconds begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
    ++depth_;
    const bool result = QApplication::notify(receiver, event);
    --depth_;
    const Milliseconds took = now(CLOCK_MONOTONIC) - begin;
    if (type == QEvent::Paint && receiver == canvas_) watch_->painted();
    if (loads_paint) loads_paints_ += took;
    if (depth_ == 0) finish(who, took, now(CLOCK_THREAD_CPUTIME_ID) - cpu);
    return result;
  }

 private:
  static QString name_of(const QObject& receiver, const QEvent& event) {
    return QStringLiteral("%1 %2 %3")
        .arg(QLatin1String(receiver.metaObject()->className()), receiver.objectName(),
             QString::number(event.type()));
  }
  static bool of_loads(const QObject* object) {
    for (; object != nullptr; object = object->parent())
      if (qobject_cast<const LoadView*>(object) || qobject_cast<const BalanceView*>(object))
        return true;
    return false;
  }
  void finish(const QString& who, Milliseconds took, Milliseconds cpu) {
    Figures& f = *figures_;
    f.blocks.push_back(took);
    f.cpu.push_back(cpu);
    f.all += took;
    f.loads += std::exchange(loads_event_, false) ? took : loads_paints_;
    loads_paints_ = 0;
    f.on_processor += cpu;
    auto& share = f.shares[who];
    share.longest = std::max(share.longest, took);
    share.longest_on_processor = std::max(share.longest_on_processor, cpu);
    share.on_processor += cpu;
    watch_->frame(f);
  }

  TimelineCanvas* canvas_ = nullptr;
  std::optional<FrameWatch> watch_;
  Figures* figures_ = nullptr;
  Milliseconds loads_paints_ = 0;
  int depth_ = 0;
  bool loads_event_ = false;
};

void print(const std::string& docks, Figures& f, double seconds) {
  auto& pixels = f.span_to_frame;
  const auto over = std::count_if(f.blocks.begin(), f.blocks.end(),
                                  [](Milliseconds took) { return took > kGoalBlock; });
  fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.0f} |", docks, pixels.size(),
             percentile(pixels, 0.5), percentile(pixels, 0.95), percentile(pixels, 1));
  fmt::print(" {:.1f} / {:.1f} | ", percentile(f.analysis_age, 0.5) / 1e3,
             percentile(f.analysis_age, 0.95) / 1e3);
  fmt::print("{:.1f} | {:.1f} | {:.1f} | {} of {} | {:.0f} % | {:.0f} % | {:.1f} % |\n",
             percentile(f.blocks, 0.99), percentile(f.blocks, 1), percentile(f.cpu, 1), over,
             f.blocks.size(), f.all / seconds / 10, f.on_processor / seconds / 10,
             f.all > 0 ? 100 * f.loads / f.all : 0);
}

/// Where the time on the processor goes.
void print_shares(const std::string& docks, const Figures& f) {
  constexpr std::size_t kShown = 8;
  std::vector<std::pair<QString, Figures::Share>> sorted(f.shares.begin(), f.shares.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second.on_processor > b.second.on_processor;
  });
  fmt::print(
      "\n| {}: receiver, event | on the processor ms | longest | longest with waiting |\n"
      "|---|---|---|---|\n",
      docks);
  for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i)
    fmt::print("| {} | {:.0f} | {:.1f} | {:.1f} |\n", sorted[i].first.toStdString(),
               sorted[i].second.on_processor, sorted[i].second.longest_on_processor,
               sorted[i].second.longest);
}

int run(MeasuredApplication& app, int seconds, int ranks, QSize size) {
  QTemporaryDir folder;
  WindowServices services;
  services.live.recordings = folder.path();
  services.live.node_arguments = {"--ranks", QString::number(ranks), "--nodes", "2"};
  MainWindow window(std::move(services));
  window.resize(size);
  window.show();
  window.live().startEmbedded();
  LiveSession& live = window.live().live();
  constexpr int kPatienceMs = 120000, kWarmUpMs = 5000;
  const bool serves = QTest::qWaitFor(
      [&] { return window.document().analysis() && window.loads().loads(); }, kPatienceMs);
  if (!serves) {
    fmt::print(stderr, "moescope-live-bench: {}\n", live.state().reason.toStdString());
    return 1;
  }
  QTest::qWait(kWarmUpMs);
  const std::string before = load_average();
  Figures standard, loads;
  app.begin(&window, &standard);
  QTest::qWait(seconds * 1000);
  app.begin(nullptr, nullptr);
  window.layouts().reveal("load");
  window.layouts().reveal("balance");
  QTest::qWait(1000);
  app.begin(nullptr, &loads);
  QTest::qWait(seconds * 1000);
  app.begin(nullptr, nullptr);
  const auto& state = live.state();
  fmt::print(
      "{} ranks, {}x{}, {} s each; {:.0f} spans/s at the end, {} dropped; load average {} "
      "before, {} after.\n\n",
      ranks, size.width(), size.height(), seconds, state.spans_per_second, dropped(state), before,
      load_average());
  fmt::print(
      "| docks | spans | to the frame p50 ms | p95 | max | age of the analysis p50 / p95 s | block "
      "p99 ms | max | max on the "
      "processor | over {} ms | in events | on the processor | loads, of events |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      kGoalBlock);
  const std::string names[] = {"as they open", "with Loads and Balance"};
  print(names[0], standard, seconds);
  print(names[1], loads, seconds);
  print_shares(names[0], standard);
  print_shares(names[1], loads);
  fmt::print("\nGoals: {:.0f} ms to the frame (p95), no block over {:.0f} ms.\n", kGoalPixel,
             kGoalBlock);
  live.stop();
  return QTest::qWaitFor([&] { return live.phase() == LiveState::Ended; }, kPatienceMs) ? 0 : 1;
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QTemporaryDir home;  // away from the user's settings
  for (const char* place : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"})
    qputenv(place, home.path().toUtf8());
  moescope::MeasuredApplication app(argc, argv);
  QCoreApplication::setOrganizationName("MoEscope");
  QCoreApplication::setApplicationName("MoEscope");
  const auto number = [&](int at, int otherwise) { return argc > at ? atoi(argv[at]) : otherwise; };
  return moescope::run(app, std::max(1, number(1, 20)), std::max(2, number(2, 16)),
                       {number(3, 1600), number(4, 1000)});
}
