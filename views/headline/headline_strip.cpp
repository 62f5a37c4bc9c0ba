#include "views/headline/headline_strip.h"

#include <QHBoxLayout>
#include <array>

#include "core/analysis/spans/gpu_work.h"
#include "views/workspace/scope_box.h"

namespace moescope {
namespace {

constexpr int kDelayMs = 60;
constexpr int kGrowingMs = 2000;  // while a trace is recorded: causes are read anew each time
constexpr std::array kTraceTiles = {"exposed", "hidden",  "worst",  "sm",
                                    "step",    "latency", "tokens", "lost"};

}  // namespace

HeadlineStrip::HeadlineStrip(Workspace& workspace, QWidget* parent)
    : QFrame(parent), workspace_(workspace) {
  setObjectName("headlineStrip");
  setAccessibleName(tr("Headline"));
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(0);
  for (const auto& [name, view] :
       std::initializer_list<std::pair<QString, const char*>>{{"exposed", "overlap"},
                                                              {"hidden", "overlap"},
                                                              {"worst", "timeline"},
                                                              {"sm", "sm"},
                                                              {"step", "steps"},
                                                              {"latency", "requests"},
                                                              {"tokens", "requests"},
                                                              {"imbalance", "balance"},
                                                              {"hottest", "load"},
                                                              {"lost", "timeline"}})
    addTile(name, view);
  line->addStretch(1);
  auto* box = new ScopeBox(workspace.selection(), this);
  scope_ = box;
  line->insertWidget(0, box, 0, Qt::AlignVCenter);
  delay_.setSingleShot(true);
  connect(&delay_, &QTimer::timeout, this, &HeadlineStrip::refresh);
  TraceDocument& trace = workspace.trace();
  connect(&trace, &TraceDocument::analysisChanged, this, &HeadlineStrip::later);
  connect(&trace, &TraceDocument::traceChanged, this, [this] {
    if (!workspace_.trace().completing()) forget();
    later();
  });
  connect(&workspace.selection(), &Selection::scopeChanged, this, &HeadlineStrip::later);
  LoadDocument& loads = workspace.loads();
  for (const auto changed :
       {&LoadDocument::loadsChanged, &LoadDocument::windowsChanged, &LoadDocument::planChanged,
        &LoadDocument::assumedChanged, &LoadDocument::judgedChanged, &LoadDocument::ruleChanged})
    connect(&loads, changed, this, &HeadlineStrip::refreshLoads);
  showIfAny();
}

void HeadlineStrip::addTile(const QString& name, const char* view) {
  auto* tile = new HeadlineTile(this);
  tile->setObjectName("headline." + name);
  tile->hide();
  layout()->addWidget(tile);
  tiles_[name] = tile;
  connect(tile, &HeadlineTile::clicked, this, [this, name, id = QString::fromLatin1(view)] {
    Q_EMIT viewWanted(id);
    goToEvidence(name);
  });
}

HeadlineTile* HeadlineStrip::tile(const QString& name) const {
  const auto it = tiles_.find(name);
  return it == tiles_.end() ? nullptr : it->second;
}

/// Not restarted: a recording is analysed again and again.
void HeadlineStrip::later() {
  if (delay_.isActive()) return;
  delay_.start(workspace_.trace().growing() && answer_ ? kGrowingMs : kDelayMs);
}

/// Figures of another trace do not stand beside this one; their places do, so that nothing jumps.
void HeadlineStrip::forget() {
  answer_.reset();
  for (const char* name : kTraceTiles) {
    HeadlineTile* tile = tiles_.at(name);
    if (tile->tile().value.isEmpty()) continue;
    tile->setTile({tile->tile().caption, tr("…"), {}, tr("The trace is being analysed."), false});
  }
}

void HeadlineStrip::refresh() {
  const TracePtr trace = workspace_.trace().trace();
  const AnalysisPtr analysis = workspace_.trace().analysis();
  if (!trace) {
    job_.abandon();
    answer_.reset();
    for (const char* name : kTraceTiles) tiles_.at(name)->setTile({});
    return showIfAny();
  }
  if (!analysis) return job_.abandon();
  job_.start(
      tr("Headline"),
      [trace, analysis, scope = scope(), known = knownWhole()](Progress& progress) {
        WholeTrace whole = known ? *known : whole_trace(*trace, *analysis, progress);
        return trace_answer(*trace, *analysis, scope, std::move(whole), progress);
      },
      [this, trace, analysis](TraceAnswer answer) {
        whole_of_ = analysis;
        showAnswer(std::move(answer), trace);
      });
}

/// Another scope is of the same trace.
std::optional<WholeTrace> HeadlineStrip::knownWhole() const {
  if (!answer_ || whole_of_.lock() != workspace_.trace().analysis()) return std::nullopt;
  return answer_->whole;
}

AnswerScope HeadlineStrip::scope() const {
  const Selection& selection = workspace_.selection();
  AnswerScope scope{std::nullopt, {}, scope_text(selection)};
  const auto area = selection.scopeArea();
  if (!area) return scope;
  scope.window = area->range;
  const auto& tracks = workspace_.trace().trace()->tracks();
  for (const TrackId track : area->tracks)
    if (track < tracks.size())
      scope.devices.push_back({tracks[track].process, tracks[track].device});
  return scope;
}

void HeadlineStrip::showAnswer(TraceAnswer answer, const TracePtr& trace) {
  for (const auto& [name, text] : trace_tiles(answer, *trace)) tiles_.at(name)->setTile(text);
  answer_ = std::move(answer);
  showIfAny();
}

void HeadlineStrip::refreshLoads() {
  const LoadsPtr loads = workspace_.loads().loads();
  const PlacementOfLoads* placement = workspace_.loads().placement();
  if (!loads || placement == nullptr || loads->windows.empty()) {
    load_job_.abandon();
    return showLoads({});
  }
  load_job_.start(
      tr("Headline of loads"),
      [loads, placement = *placement, windows = workspace_.loads().judgedWindows(),
       rule = workspace_.loads().rule()](Progress&) {
        return load_headline(*loads, placement, windows.first, windows.last, rule);
      },
      [this](const LoadHeadline& headline) { showLoads(headline); });
}

void HeadlineStrip::showLoads(const std::optional<LoadHeadline>& loads) {
  loads_ = loads;
  for (const auto& [name, text] : load_tiles(loads.value_or(LoadHeadline())))
    tiles_.at(name)->setTile(loads ? text : TileText());
  showIfAny();
}

void HeadlineStrip::showIfAny() {
  scope_->setVisible(workspace_.trace().trace() != nullptr);
  setVisible(std::any_of(tiles_.begin(), tiles_.end(),
                         [](const auto& entry) { return !entry.second->tile().value.isEmpty(); }));
  fitTiles();
}

/// Leaves out what matters least until the others fit.
void HeadlineStrip::fitTiles() {
  if (!isVisible()) return;
  int room = width() - scope_->sizeHint().width();
  for (const char* name : {"lost", "exposed", "hidden", "worst", "sm", "step", "imbalance",
                           "hottest", "latency", "tokens"}) {
    HeadlineTile* tile = tiles_.at(name);
    if (tile->tile().value.isEmpty()) continue;
    room -= tile->minimumSizeHint().width();
    tile->setVisible(room >= 0);
  }
}

void HeadlineStrip::resizeEvent(QResizeEvent* event) {
  QFrame::resizeEvent(event);
  fitTiles();
}

void HeadlineStrip::showEvent(QShowEvent* event) {
  QFrame::showEvent(event);
  fitTiles();
}

void HeadlineStrip::goToEvidence(const QString& name) {
  Selection& selection = workspace_.selection();
  const TracePtr& trace = workspace_.trace().trace();
  if ((name == "exposed" || name == "worst") && trace && answer_ && answer_->headline.worst) {
    const WorstDevice& worst = *answer_->headline.worst;
    const TimeRange range = worst.causes.front().longest;
    const TimeNs margin = std::max<TimeNs>(range.length(), 1000);
    selection.setRange({range.begin - margin, range.end + margin});
    selection.setArea(AreaSelection{range, tracks_of(*trace, worst.key)});
  }
  if (name == "hottest" && loads_) {
    ModelPlace place = selection.place();
    const auto& ids = workspace_.loads().loads()->layer_ids;
    const auto row = std::find(ids.begin(), ids.end(), loads_->hottest_layer);
    place.layer = ids.empty() ? loads_->hottest_layer : static_cast<int>(row - ids.begin());
    place.expert = loads_->hottest_expert;
    selection.setPlace(place);
  }
}

}  // namespace moescope
