// What the parts of the timeline share: rows, their places, spans, colours, and the mapping of
// time to pixels. No widget.
#pragma once

#include <QObject>
#include <map>
#include <optional>

#include "views/common/document.h"
#include "views/common/view_context.h"
#include "views/timeline/lane_renderer.h"
#include "views/timeline/row_layout.h"
#include "views/timeline/row_model.h"
#include "views/timeline/span_query.h"
#include "views/timeline/span_source.h"

namespace moescope {

class TimelineScene : public QObject {
  Q_OBJECT

 public:
  TimelineScene(Document& document, ViewContext& context, QObject* parent = nullptr);

  Document& document() { return document_; }
  ViewContext& context() { return context_; }
  const ViewContext& context() const { return context_; }
  RowModel& rows() { return rows_; }
  const RowModel& rows() const { return rows_; }
  SpanSource& source() { return source_; }
  const RowLayout& layout() const { return layout_; }
  const ClassTable& classes() const { return classes_; }
  const std::map<DeviceKey, Ribbon>& ribbons() const { return ribbons_; }
  LaneContent content() { return {source_, layout_, ribbons_, classes_}; }
  const TracePtr& trace() const { return source_.trace(); }
  bool hasTrace() const { return source_.trace() && source_.trace()->span_count() > 0; }

  /// Size of the lanes in logical pixels.
  void setViewport(QSize size);
  QSize viewport() const { return viewport_; }
  PixelMap map() const { return {context_.range(), std::max(1, viewport_.width())}; }
  void setScroll(int scroll);
  void setLaneHeight(int height);
  /// Unfolds and scrolls until the row can be seen.
  void reveal(const RowKey& key);

  /// The span under a point of the lanes; its chunks are requested when they are not at hand.
  std::optional<FoundSpan> spanAt(QPointF pos);
  /// The span when it is at hand; else it is being fetched and changed() follows.
  std::optional<Span> span(SpanRef ref) { return source_.span(ref); }
  /// Rectangle of a span on its placed row, in lanes coordinates; empty when the row or the lane is
  /// not visible. At least 2 pixels wide. May reach outside the viewport.
  QRectF rectOf(const Span& span, TrackId track) const;

  /// Pixels around a span that still hit it.
  static constexpr double kHitTolerance = 4;

 Q_SIGNALS:
  /// Lanes look different: range, rows, scroll, data. `data` tells that columns must be redrawn.
  void changed();
  void rowsChanged();
  void dataChanged(bool all);  ///< columns of lanes changed; all: of every lane
  void failed(const QString& message);

 private:
  void onTrace();
  void onAnalysis();
  void onArrived();
  void relayout();

  Document& document_;
  ViewContext& context_;
  RowModel rows_;
  SpanSource source_;
  RowLayout layout_;
  ClassTable classes_;
  std::map<DeviceKey, Ribbon> ribbons_;
  QSize viewport_;
  int scroll_ = 0;
  int lane_height_ = RowLayout::kLaneHeight;
};

}  // namespace moescope
