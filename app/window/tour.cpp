#include "app/window/tour.h"

#include <QDir>
#include <QLineEdit>
#include <cstdio>
#include <utility>

#include "app/window/appearance.h"
#include "app/window/docks/plan_window.h"
#include "app/window/main_window.h"
#include "views/details/details_panel.h"
#include "views/headline/headline_strip.h"
#include "views/query/query_view.h"
#include "views/timeline/timeline_view.h"
#include "views/whatif/whatif_view.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {
namespace {

constexpr QSize kLarge(1920, 1080), kSmall(1280, 800);
constexpr int kPollMs = 300, kCalm = 3;  // views draw after their work in steps of their own

/// The middle tenth of a trace shows single spans; the longest kernel of it is selected.
void look_closer(MainWindow& window) {
  Selection& selection = window.selection();
  const TimeRange full = selection.full();
  const TimeNs length = full.length() / 10;
  selection.setRange({full.begin + 4 * length, full.begin + 5 * length});
  const Trace& trace = *window.document().trace();
  std::pair<TimeNs, SpanRef> longest;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].process != 0) continue;  // whose rows are seen
    trace.visit_chunks(track, selection.range(), [&](const SpanChunk& chunk, std::uint32_t first) {
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        const Span span = chunk.columns().at(i);
        if (span.kind != SpanKind::Kernel || span.duration <= longest.first) continue;
        if (span.start < selection.range().begin || span.end() > selection.range().end) continue;
        longest = {span.duration, SpanRef{track, first + static_cast<std::uint32_t>(i)}};
      }
      return true;
    });
  }
  if (longest.second.valid()) selection.selectSpan(longest.second);
}

}  // namespace

Tour::Tour(MainWindow& window, QStringList files, QString folder)
    : QObject(&window), window_(window), files_(std::move(files)), folder_(std::move(folder)) {
  timer_.setInterval(kPollMs);
  connect(&timer_, &QTimer::timeout, this, [this] {
    calm_ = busy() ? 0 : calm_ + 1;
    if (calm_ >= kCalm) next();
  });
  addStops();
}

void Tour::addStops() {
  DockLayout& docks = window_.layouts();
  const auto arranged = [&docks](Preset preset, const QString& view) {
    return [&docks, preset, view] {
      docks.arrange(preset);
      docks.reveal(view);
    };
  };
  const auto shown = [&](const QString& view) { return arranged(Preset::Analyse, view); };
  stops_.push_back({"start", [] {}, true});
  stops_.push_back({"opening", [this] { window_.openFiles(files_.mid(0, 2)); }, false});
  stops_.push_back({"analyse", shown("sm"), true});
  stops_.push_back({"timeline",
                    [this, &docks] {
                      docks.arrange(Preset::Analyse);
                      look_closer(window_);
                    },
                    true});
  stops_.push_back({"whole",
                    [this] {
                      window_.selection().clearSelection();
                      window_.selection().fit();
                    },
                    false});
  for (const char* view : {"overlap", "steps", "load", "balance"})
    stops_.push_back({view, shown(view), view == std::string_view("overlap")});
  stops_.push_back({"plan", arranged(Preset::Plan, "plan"), true});
  stops_.push_back({"whatif",
                    [this, show = arranged(Preset::Plan, "whatif")] {
                      show();
                      auto& view = window_.layouts().view<WhatIfView>("whatif");
                      WhatIf settings = view.base().settings;
                      settings.comm_sms = 0;
                      view.setSettings(settings);
                      view.sweep(SweepOver::Batch);
                    },
                    true});
  stops_.push_back({"plans", arranged(Preset::Compare, "plan"), false});
  stops_.push_back({"compare",
                    [this, show = shown("compare")] {
                      show();
                      window_.comparer().compareWith(files_.mid(2));
                    },
                    true});
  stops_.push_back({"query",
                    [this, show = shown("query")] {
                      show();
                      window_.layouts().view<QueryView>("query").ask(
                          "SELECT class, count(*) AS spans, sum(dur) AS total_ns\nFROM spans\n"
                          "GROUP BY class\nORDER BY total_ns DESC");
                    },
                    false});
  stops_.push_back({"find",
                    [this, show = shown("find")] {
                      show();
                      window_.findChild<QLineEdit*>("omnibox")->setText("dispatch");
                    },
                    false});
  stops_.push_back({"rules",
                    [this, show = shown("rules")] {
                      window_.findChild<QLineEdit*>("omnibox")->clear();
                      show();
                    },
                    false});
  stops_.push_back(
      {"notes",
       [this, show = shown("notes")] {
         show();
         const TimeRange full = window_.selection().full();
         NotesModel& notes = window_.document().notes();
         notes.add({.time = full.begin + full.length() / 4, .text = "First requests have arrived"});
         notes.add({.time = full.begin + full.length() / 2, .text = "Compare with the serial run"});
       },
       false});
  stops_.push_back({"requests", shown("requests"), false});
  stops_.push_back({"live", arranged(Preset::Live, "requests"), true});
  stops_.push_back({"alarms", arranged(Preset::Live, "alarms"), false});
}

void Tour::start() {
  QDir().mkpath(folder_);
  window_.resize(kLarge);
  apply_appearance("light");
  stops_.front().go();
  timer_.start();
}

bool Tour::busy() const {
  const DockLayout& docks = window_.layouts();
  return window_.loader().busy() || window_.headline().busy() ||
         docks.view<TimelineView>("timeline").busy() ||
         docks.view<DetailsPanel>("details").busy() || docks.view<QueryView>("query").busy() ||
         docks.view<WhatIfView>("whatif").busy() || window_.comparer().job().running();
}

void Tour::next() {
  calm_ = 0;
  const Stop& stop = stops_[at_];
  static const char* const kLooks[] = {"light", "dark", "small"};
  const bool seen = stop.name != "opening" && stop.name != "whole";
  if (seen) picture(stop.name + QLatin1Char('-') + QLatin1String(kLooks[look_]));
  if (window_.messages().level() == UserMessage::Level::Error) {
    std::fprintf(stderr, "moescope: %s\n", window_.messages().text().toUtf8().constData());
    ok_ = false;
  }
  window_.messages().clear();
  if (const int looks = !seen ? 1 : stop.main ? 3 : 2; ++look_ >= looks) {
    look_ = 0;
    ++at_;
  }
  if (at_ == stops_.size()) {
    timer_.stop();
    Q_EMIT finished(ok_);
    return;
  }
  apply_appearance(look_ == 1 ? "dark" : "light");
  window_.resize(look_ == 2 ? kSmall : kLarge);
  if (look_ != 1) stops_[at_].go();  // again for the small one: another size has other places
}

void Tour::picture(const QString& name) {
  const QString file = QDir(folder_).filePath(name + ".png");
  if (window_.grab().save(file, "PNG")) return;
  std::fprintf(stderr, "moescope: %s cannot be written\n", qPrintable(file));
  ok_ = false;
}

}  // namespace moescope
