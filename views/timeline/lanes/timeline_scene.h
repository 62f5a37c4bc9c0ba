// What the parts of the timeline share: rows, their places, spans, colours, and the mapping of
// time to pixels. No widget.
#pragma once

#include <QObject>
#include <map>
#include <optional>
#include <set>

#include "views/common/job.h"
#include "views/plot/axis/time_axis.h"
#include "views/timeline/lanes/lane_renderer.h"
#include "views/timeline/lanes/row_layout.h"
#include "views/timeline/lanes/row_model.h"
#include "views/timeline/spans/flow_links.h"
#include "views/timeline/spans/span_query.h"
#include "views/timeline/spans/span_source.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class TimelineScene;

/// While it lives, the scene waits for what it needs: for pictures in files.
class BlockingScene {
 public:
  explicit BlockingScene(TimelineScene& scene);
  ~BlockingScene();
  BlockingScene(const BlockingScene&) = delete;
  BlockingScene& operator=(const BlockingScene&) = delete;

 private:
  TimelineScene& scene_;
};

class TimelineScene : public QObject {
  Q_OBJECT

 public:
  TimelineScene(TraceDocument& document, Selection& selection, QObject* parent = nullptr);

  TraceDocument& document() { return document_; }
  Selection& selection() { return selection_; }
  const Selection& selection() const { return selection_; }
  RowModel& rows() { return rows_; }
  const RowModel& rows() const { return rows_; }
  SpanSource& source() { return source_; }
  FlowLinks& flow() { return flow_; }
  const RowLayout& layout() const { return layout_; }
  const TimelineLooksPtr& looks() const { return looks_; }
  const std::map<DeviceKey, Ribbon>& ribbons() const { return looks_->ribbons; }
  LaneContent content() { return {source_, layout_, looks_, selection_.found()}; }
  const TracePtr& trace() const { return source_.trace(); }
  bool hasTrace() const { return source_.trace() && source_.trace()->span_count() > 0; }

  /// True while rows, colours or spans are still on their way.
  bool busy() const { return source_.loading() || looks_job_.running() || !wanted_.empty(); }

  /// Size of the lanes in logical pixels, and how many device pixels make one of them.
  void setViewport(QSize size, double dpr);
  QSize viewport() const { return viewport_; }
  /// Of the lanes, on the grid of the device pixels that they are drawn with.
  TimeAxis axis() const { return {selection_.range(), QRect(QPoint(0, 0), viewport_), dpr_}; }
  PixelMap map() const { return axis().map(); }
  void setScroll(int scroll);
  void setLaneHeight(int height);
  /// Pins or hides rows so that it can be undone; `what` names the step.
  void editRows(const QString& what, const std::function<void(RowModel&)>& edit);
  void setPinned(const RowKey& key, bool pinned);
  /// Unfolds and scrolls until the row can be seen.
  void reveal(const RowKey& key);
  /// The same for a track, and for one of its sub-lanes when it has more than are drawn.
  void revealTrack(TrackId track, int depth);

  /// The span under a point of the lanes. Not every chunk may be at hand (`complete` is false
  /// then): those are requested.
  std::optional<FoundSpan> spanAt(QPointF pos, bool* complete = nullptr);
  /// The same, passed to `done` once it is certain; at once when everything is loaded.
  void findSpanAt(QPointF pos, std::function<void(const std::optional<FoundSpan>&)> done);
  /// The span when it is at hand; else it is being fetched and changed() follows.
  std::optional<Span> span(SpanRef ref);
  /// Rectangle of a span on its placed row, in lanes coordinates; empty when the row or the lane is
  /// not visible. At least 2 pixels wide. May reach outside the viewport.
  QRectF rectOf(const Span& span, TrackId track) const;
  /// Middle of the lane of a span, above or below the viewport when its row is scrolled away;
  /// nullopt when the row is hidden or folded.
  std::optional<double> laneMiddle(const Span& span, TrackId track) const;
  /// The same; of a rank that is folded into one row the middle of that row.
  std::optional<double> laneOrRankMiddle(const Span& span, TrackId track) const;

  /// Pixels around a span that still hit it.
  static constexpr double kHitTolerance = 4;

 Q_SIGNALS:
  /// Lanes look different: range, rows, scroll, data. `data`: columns must be redrawn.
  void changed();
  void placesChanged();        ///< rows, or where they are; not what they show
  void dataChanged(bool all);  ///< columns of lanes changed; all: of every lane
  void dataGrown();            ///< more spans came where lanes are shown
  void foundChanged();         ///< other spans are dimmed
  void spansArrived();         ///< span() knows more than before
  void failed(const QString& message);

 private:
  void onTrace();
  void onGrown(bool evicted);
  void onArrived();
  void relayout();
  friend class BlockingScene;
  void finishLooks();
  void startLooks();
  void updateLanes();
  void fetchWanted();

  TraceDocument& document_;
  Selection& selection_;
  RowModel rows_;
  SpanSource source_;
  RowLayout layout_;
  FlowLinks flow_;
  TimelineLooksPtr looks_ = std::make_shared<const TimelineLooks>();
  AnalysisPtr looks_of_;  ///< the analysis that looks_ were made of
  JobRunner looks_job_;
  std::map<SpanRef, Span> known_;  ///< spans that were asked for, without their chunks
  std::set<SpanRef> wanted_;
  QSize viewport_;
  double dpr_ = 1;
  int scroll_ = 0;
  int lane_height_ = RowLayout::kLaneHeight;
  bool lane_height_chosen_ = false;  ///< by the user; else few rows are drawn taller
};

}  // namespace moescope
