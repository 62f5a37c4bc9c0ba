#include "views/timeline/timeline_scene.h"

#include <algorithm>

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

TimelineScene::TimelineScene(Document& document, ViewContext& context, QObject* parent)
    : QObject(parent), document_(document), context_(context) {
  connect(&document_, &Document::traceChanged, this, &TimelineScene::onTrace);
  connect(&document_, &Document::analysisChanged, this, &TimelineScene::onAnalysis);
  connect(&context_, &ViewContext::rangeChanged, this, &TimelineScene::changed);
  connect(&context_, &ViewContext::processFilterChanged, this,
          [this] { rows_.setProcessFilter(context_.processFilter()); });
  connect(&rows_, &RowModel::changed, this, [this] {
    relayout();
    Q_EMIT rowsChanged();
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
  if (!keep) scroll_ = 0;
  classes_ = trace ? ClassTable(*trace, nullptr) : ClassTable();
  ribbons_.clear();
  rows_.setTrace(trace, keep);
  rows_.setProcessFilter(context_.processFilter());
  source_.setTrace(trace, rows_.trackOrder());
  Q_EMIT dataChanged(true);
  if (document_.analysis()) onAnalysis();
  relayout();
  Q_EMIT changed();
}

void TimelineScene::onAnalysis() {
  const auto& analysis = document_.analysis();
  if (!analysis || !trace()) return;
  classes_ = ClassTable(*trace(), analysis->classes.get());
  ribbons_.clear();
  for (const auto& activity : analysis->activity) ribbons_.emplace(activity.key, activity);
  Q_EMIT dataChanged(true);
  Q_EMIT changed();
}

void TimelineScene::onArrived() {
  std::map<TrackId, int> totals;
  for (TrackId track = 0; trace() && track < trace()->tracks().size(); ++track)
    if (const auto summary = source_.summary(track)) totals[track] = summary->depth_count;
  Q_EMIT dataChanged(false);
  rows_.setLaneTotals(totals);
  Q_EMIT changed();
}

void TimelineScene::setViewport(QSize size) {
  if (size == viewport_) return;
  viewport_ = size;
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
  relayout();
  Q_EMIT rowsChanged();
  Q_EMIT changed();
}

void TimelineScene::relayout() {
  layout_.update(rows_, lane_height_, viewport_.height(), scroll_);
  scroll_ = layout_.scroll();
}

void TimelineScene::reveal(const RowKey& key) {
  if (!rows_.find(key)) rows_.reveal(key);
  if (const auto scroll = layout_.scrollTo(rows_, key)) setScroll(*scroll);
}

std::optional<FoundSpan> TimelineScene::spanAt(QPointF pos) {
  if (!hasTrace()) return {};
  const RowHit hit = layout_.at(static_cast<int>(pos.y()));
  if (!hit.row || hit.row->key.kind != RowKind::Track || hit.lane < 0) return {};
  const PixelMap pixels = map();
  const TimeNs time = pixels.time(pos.x());
  const auto tolerance = static_cast<TimeNs>(pixels.nsPerPixel() * kHitTolerance) + 1;
  bool complete = false;
  const TimeRange near{time - std::min(time, tolerance), time + tolerance};
  const auto chunks = source_.chunks(hit.row->key.track, near, &complete);
  return span_at(chunks, hit.row->key.track, hit.lane, time, tolerance);
}

QRectF TimelineScene::rectOf(const Span& span, TrackId track) const {
  const auto* placed = layout_.rowOf(track);
  if (!placed || span.depth >= placed->row->lanes) return {};
  const PixelMap pixels = map();
  // Far outside the viewport coordinates are cut, so that painters see sane numbers.
  const double limit = 4.0 * pixels.width() + 1000;
  const double x0 = std::clamp(pixels.x(span.start), -limit, limit);
  const double x1 = std::clamp(pixels.x(span.end()), -limit, limit);
  return {x0, static_cast<double>(layout_.laneY(*placed, span.depth)), std::max(2.0, x1 - x0),
          static_cast<double>(layout_.laneInk())};
}

}  // namespace moescope
