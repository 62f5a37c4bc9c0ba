#include "views/timeline/lanes/timeline_scene.h"

#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

/// A live trace grows: the same tracks as before, and perhaps more.
bool grows(const Trace& before, const Trace& after) {
  if (before.info().files != after.info().files || before.tracks().size() > after.tracks().size())
    return false;
  return std::equal(before.tracks().begin(), before.tracks().end(), after.tracks().begin(),
                    [](const Track& a, const Track& b) {
                      return a.process == b.process && a.type == b.type && a.device == b.device &&
                             a.id == b.id;
                    });
}

}  // namespace

TimelineScene::TimelineScene(TraceDocument& document, Selection& selection, QObject* parent)
    : QObject(parent), document_(document), selection_(selection), flow_(document, selection) {
  connect(&document_, &TraceDocument::traceChanged, this, &TimelineScene::onTrace);
  connect(&document_, &TraceDocument::traceGrown, this, &TimelineScene::onGrown);
  connect(&document_, &TraceDocument::analysisChanged, this, &TimelineScene::startLooks);
  connect(&selection_, &Selection::rangeChanged, this, &TimelineScene::changed);
  connect(&selection_, &Selection::processFilterChanged, this,
          [this] { rows_.setProcessFilter(selection_.processFilter()); });
  connect(&selection_, &Selection::foundChanged, this, [this] {
    Q_EMIT foundChanged();
    Q_EMIT changed();
  });
  connect(&rows_, &RowModel::changed, this, [this] {
    relayout();
    Q_EMIT changed();
  });
  connect(&source_, &SpanSource::arrived, this, &TimelineScene::onArrived);
  connect(&source_, &SpanSource::failed, this, &TimelineScene::failed);
  if (document_.trace()) onTrace();
}

void TimelineScene::onTrace() {
  const TracePtr before = source_.trace();
  const TracePtr& trace = document_.trace();
  const bool keep = before && trace && grows(*before, *trace);
  source_.setTrace(nullptr, {});
  looks_job_.abandon();
  known_.clear();
  wanted_.clear();
  looks_of_.reset();
  if (!keep) {
    scroll_ = 0;
    looks_ = std::make_shared<const TimelineLooks>();
  }
  rows_.setTrace(trace, keep);
  rows_.setProcessFilter(selection_.processFilter());
  source_.setTrace(trace, rows_.trackOrder());
  Q_EMIT dataChanged(true);
  startLooks();
  relayout();
  Q_EMIT changed();
}

void TimelineScene::onGrown(bool evicted) {
  const TracePtr before = source_.trace();
  if (!before) {
    onTrace();
    return;
  }
  const TracePtr& trace = document_.trace();
  rows_.growTrace(trace);
  if (evicted) {
    known_.clear();
    wanted_.clear();
    source_.setTrace(trace, rows_.trackOrder());
    Q_EMIT dataChanged(true);
    return;
  }
  source_.growTrace(trace, rows_.trackOrder());
  updateLanes();
  // Spans that were running when the last ones arrived may have ended only now; each is shorter
  // than a second.
  constexpr TimeNs kStillOpen = 1'000'000'000;
  if (selection_.range().end < before->range().end - kStillOpen) return;
  Q_EMIT dataGrown();
  Q_EMIT changed();
}

void TimelineScene::startLooks() {
  const AnalysisPtr analysis = document_.analysis();
  if (!analysis || !trace()) return;
  looks_job_.start(
      tr("Colouring"),
      [analysis, trace = trace()](Progress& progress) {
        return make_looks(*trace, analysis, progress);
      },
      [this, analysis](const TimelineLooksPtr& looks) {
        if (analysis != document_.analysis()) return;
        looks_ = looks;
        looks_of_ = analysis;
        Q_EMIT dataChanged(true);
        Q_EMIT changed();
      });
}

void TimelineScene::finishLooks() {
  const AnalysisPtr& analysis = document_.analysis();
  if (!analysis || !trace() || analysis == looks_of_) return;
  Progress progress;
  looks_ = make_looks(*trace(), analysis, progress);
  looks_of_ = analysis;
  Q_EMIT dataChanged(true);
}

BlockingScene::BlockingScene(TimelineScene& scene) : scene_(scene) {
  scene_.source_.setBlocking(true);
  scene_.finishLooks();
  scene_.updateLanes();
}

BlockingScene::~BlockingScene() {
  scene_.source_.setBlocking(false);
}

void TimelineScene::onArrived() {
  updateLanes();
  Q_EMIT dataChanged(false);
  Q_EMIT changed();
}

void TimelineScene::updateLanes() {
  std::map<TrackId, int> totals;
  for (TrackId track = 0; trace() && track < trace()->tracks().size(); ++track)
    if (const auto* shape = source_.shape(track)) totals[track] = shape->depth_count;
  rows_.setLaneTotals(totals);
}

void TimelineScene::setViewport(QSize size, double dpr) {
  if (size == viewport_ && dpr == dpr_) return;
  viewport_ = size;
  dpr_ = dpr;
  relayout();
  Q_EMIT changed();
}

void TimelineScene::setScroll(int scroll) {
  const int before = layout_.scroll();
  scroll_ = scroll;
  relayout();
  if (layout_.scroll() != before) Q_EMIT changed();
}

void TimelineScene::setLaneHeight(int height) {
  lane_height_ = std::clamp(height, RowLayout::kMinLaneHeight, RowLayout::kMaxLaneHeight);
  lane_height_chosen_ = true;
  relayout();
  Q_EMIT changed();
}

void TimelineScene::relayout() {
  if (!lane_height_chosen_) lane_height_ = layout_.fillingHeight(rows_, viewport_.height());
  layout_.update(rows_, lane_height_, viewport_.height(), scroll_);
  scroll_ = layout_.scroll();
  Q_EMIT placesChanged();
}

void TimelineScene::editRows(const QString& what, const std::function<void(RowModel&)>& edit) {
  class Edit : public QUndoCommand {
   public:
    Edit(RowModel& rows, RowModel::Choices before, const QString& text)
        : QUndoCommand(text), rows_(rows), before_(std::move(before)), after_(rows.choices()) {}
    void undo() override { rows_.setChoices(before_); }
    void redo() override {
      if (!(rows_.choices() == after_)) rows_.setChoices(after_);
    }

   private:
    RowModel& rows_;
    RowModel::Choices before_, after_;
  };
  RowModel::Choices before = rows_.choices();
  edit(rows_);
  if (!(before == rows_.choices()))
    document_.undoStack().push(new Edit(rows_, std::move(before), what));
}

void TimelineScene::setPinned(const RowKey& key, bool pinned) {
  editRows(pinned ? tr("Pin row") : tr("Unpin row"),
           [&](RowModel& rows) { rows.setPinned(key, pinned); });
}

void TimelineScene::reveal(const RowKey& key) {
  if (!rows_.find(key)) rows_.reveal(key);
  if (const auto scroll = layout_.scrollTo(rows_, key)) setScroll(*scroll);
}

void TimelineScene::revealTrack(TrackId track, int depth) {
  const Track& of = trace()->tracks()[track];
  const RowKey key{RowKind::Track, of.process, of.device, track};
  reveal(key);
  const TimelineRow* row = rows_.find(key);
  if (row != nullptr && row->collapsed && depth >= row->lanes) {
    rows_.toggle(key);
    reveal(key);
  }
}

namespace {

/// Where a pointer is, in the words of a trace.
struct Place {
  TrackId track;
  int depth;
  TimeNs time, tolerance;
  TimeRange near;
};

std::optional<Place> place_at(const RowLayout& layout, const PixelMap& map, QPointF pos) {
  const RowHit hit = layout.at(static_cast<int>(std::floor(pos.y())));
  if (!hit.row || hit.row->key.kind != RowKind::Track || hit.lane < 0) return {};
  const TimeNs time = map.time(pos.x());
  const auto tolerance =
      static_cast<TimeNs>(std::min(map.nsPerPixel() * TimelineScene::kHitTolerance, 1e18)) + 1;
  const TimeNs far = std::numeric_limits<TimeNs>::max();
  return Place{
      hit.row->key.track,
      hit.lane,
      time,
      tolerance,
      {PixelMap::difference(time, tolerance), time > far - tolerance ? far : time + tolerance}};
}

}  // namespace

std::optional<FoundSpan> TimelineScene::spanAt(QPointF pos, bool* complete) {
  if (complete) *complete = true;
  const auto place = hasTrace() ? place_at(layout_, map(), pos) : std::nullopt;
  if (!place) return {};
  bool all = false;
  const auto chunks = source_.chunks(place->track, place->near, &all);
  if (complete) *complete = all;
  return span_at(chunks, place->track, place->depth, place->time, place->tolerance);
}

void TimelineScene::findSpanAt(QPointF pos,
                               std::function<void(const std::optional<FoundSpan>&)> done) {
  bool complete = false;
  const auto found = spanAt(pos, &complete);
  if (complete) {
    done(found);
    return;
  }
  const auto place = place_at(layout_, map(), pos);
  source_.query(
      [place](const Trace& trace) {
        const auto chunks = load_chunks(trace, place->track, place->near);
        return span_at(chunks, place->track, place->depth, place->time, place->tolerance);
      },
      std::move(done));
}

std::optional<Span> TimelineScene::span(SpanRef ref) {
  if (auto span = source_.span(ref)) return span;
  if (const auto it = known_.find(ref); it != known_.end()) return it->second;
  const bool exists =
      trace() && ref.track < trace()->tracks().size() && ref.index < trace()->span_count(ref.track);
  if (!exists) return {};
  if (wanted_.empty())
    QMetaObject::invokeMethod(this, &TimelineScene::fetchWanted, Qt::QueuedConnection);
  wanted_.insert(ref);
  return {};
}

void TimelineScene::fetchWanted() {
  constexpr std::size_t kMaxKnown = 10000;
  if (known_.size() > kMaxKnown) known_.clear();
  source_.query(
      [wanted = wanted_](const Trace& trace) {
        std::map<SpanRef, Span> spans;
        for (const auto ref : wanted) spans.emplace(ref, trace.span(ref));
        return spans;
      },
      [this](const std::map<SpanRef, Span>& spans) {
        for (const auto& [ref, span] : spans) {
          known_.emplace(ref, span);
          wanted_.erase(ref);
        }
        Q_EMIT spansArrived();
      });
}

QRectF TimelineScene::rectOf(const Span& span, TrackId track) const {
  const auto* placed = layout_.rowOf(track);
  if (!placed || span.depth >= placed->row->lanes) return {};
  const PixelMap pixels = map();
  // Coordinates far outside the viewport are clamped for the painters.
  const double limit = 4.0 * pixels.width() + 1000;
  const double x0 = std::clamp(pixels.x(span.start), -limit, limit);
  const double x1 = std::clamp(pixels.x(span.end()), -limit, limit);
  return {x0, static_cast<double>(layout_.laneY(*placed, span.depth)), std::max(2.0, x1 - x0),
          static_cast<double>(layout_.laneInk())};
}

std::optional<double> TimelineScene::laneMiddle(const Span& span, TrackId track) const {
  const auto* row = rows_.rowOf(track);
  const auto top = row ? layout_.rowTop(rows_, row->key) : std::nullopt;
  if (!top) return {};
  const int lane = std::min<int>(span.depth, row->lanes - 1);
  return *top + lane * layout_.laneHeight() + layout_.laneInk() / 2.0;
}

std::optional<double> TimelineScene::laneOrRankMiddle(const Span& span, TrackId track) const {
  if (const auto lane = laneMiddle(span, track)) return lane;
  const RowKey rank{RowKind::Process, trace()->tracks().at(track).process};
  const TimelineRow* row = rows_.find(rank);
  const auto top = row && row->collapsed ? layout_.rowTop(rows_, rank) : std::nullopt;
  return top ? std::optional(*top + RowLayout::kProcessHeight / 2.0) : std::nullopt;
}

}  // namespace moescope
