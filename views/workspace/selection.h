// What all views share: the visible time range with its history, the cursor, and what is selected
// in the trace, the loads and the plan. Views talk to this object, never to each other.
#pragma once

#include <QObject>
#include <optional>
#include <vector>

#include "core/analysis/spans/find.h"
#include "core/analysis/steps/token_flow.h"
#include "core/trace/trace.h"
#include "views/workspace/model_place.h"

namespace moescope {

/// An area the user marked: a time range on some tracks (empty list: all tracks).
struct AreaSelection {
  TimeRange range;
  std::vector<TrackId> tracks;
  friend bool operator==(const AreaSelection&, const AreaSelection&) = default;
};

/// What figures are of, in every view.
enum class FigureScope {
  Trace,     ///< the whole trace
  Visible,   ///< the visible range
  Selected,  ///< the selected area: its time, and all streams of its devices
};

class Selection : public QObject {
  Q_OBJECT

 public:
  explicit Selection(QObject* parent = nullptr);

  /// Whole extent that can be shown; resets range, history, spans and area. The place stays.
  void reset(TimeRange full);
  TimeRange full() const { return full_; }
  /// More can be shown, while a trace is recorded: range, history and selection stay.
  void grow(TimeRange full);
  /// Ranges may go beyond the extent as far as this, where another trace is shown beside the one
  /// that it is of; an empty range: they may not. A reset takes it back.
  void setReach(TimeRange reach);

  // --- visible range -------------------------------------------------------------------------
  TimeRange range() const { return range_; }
  /// Shows `range`, clamped to the extent or what it reaches, and to at least kMinRange ns.
  /// Moves less than a second apart count as one step of the history.
  void setRange(TimeRange range);
  void fit() { setRange(full_); }
  /// As setRange(), but no step of the history: the view follows a recording.
  void slideTo(TimeRange range);
  void zoom(double factor, TimeNs anchor);  ///< factor < 1 zooms in; `anchor` keeps its place
  void pan(double fraction);                ///< of the visible length; positive to later times
  bool canGoBack() const { return history_position_ > 0; }
  bool canGoForward() const { return history_position_ + 1 < history_.size(); }
  void goBack();
  void goForward();

  // --- cursor and selection --------------------------------------------------------------------
  std::optional<TimeNs> cursor() const { return cursor_; }
  void setCursor(std::optional<TimeNs> time);
  SpanRef hovered() const { return hovered_; }
  void setHovered(SpanRef span);
  const std::vector<SpanRef>& selectedSpans() const { return selected_; }
  /// The span whose details are shown: the last one selected; invalid when none.
  SpanRef currentSpan() const { return selected_.empty() ? SpanRef{} : selected_.back(); }
  /// Selects one span; `extend` (Ctrl+click) adds it, or removes it when it was selected.
  void selectSpan(SpanRef span, bool extend = false);
  const std::optional<AreaSelection>& area() const { return area_; }
  void setArea(std::optional<AreaSelection> area);
  /// The same by the user's own hand: figures are of the area until it goes, then of what they
  /// were.
  void markArea(const AreaSelection& area);
  /// What figures are of. Without a selected area it is never Selected.
  FigureScope scope() const { return scope_; }
  void setScope(FigureScope scope);
  /// What figures are cut to; nullopt: the whole trace.
  std::optional<AreaSelection> scopeArea() const;
  /// What a search found; the timeline dims the rest. Null: no search, or it found nothing.
  const HitMapPtr& found() const { return found_; }
  void setFound(HitMapPtr found);
  /// The way of the tokens of currentSpan(); null while it is not known, and for spans without
  /// one. Another selection drops it.
  const std::shared_ptr<const TokenFlow>& tokenFlow() const { return token_flow_; }
  void setTokenFlow(std::shared_ptr<const TokenFlow> flow);
  /// One step back: area, then spans, then what was found. False when there was nothing.
  bool clearSelection();

  // --- place in model, cluster and plan --------------------------------------------------------
  const ModelPlace& place() const { return place_; }
  void setPlace(ModelPlace place);
  /// What the pointer is on, for highlighting in the other views.
  const ModelPlace& hoveredPlace() const { return hovered_place_; }
  void setHoveredPlace(ModelPlace place);
  /// Other loads: nothing is hovered, and the selected place stays as far as they have it.
  void fitPlace(int layers, int experts);

  /// nullopt: all ranks. Filters every view.
  std::optional<ProcessId> processFilter() const { return process_filter_; }
  void setProcessFilter(std::optional<ProcessId> process);

  static constexpr TimeNs kMinRange = 50;

 Q_SIGNALS:
  void rangeChanged(moescope::TimeRange range);
  void fullChanged();  ///< by grow()
  void historyChanged();
  void cursorChanged();
  void hoveredChanged();
  void selectionChanged();  ///< spans or area
  void tokenFlowChanged();
  void foundChanged();
  void foundCleared();  ///< by clearSelection(): it is looked for no more
  void scopeChanged();  ///< another scope, or its range or area changed
  void placeChanged();
  void hoveredPlaceChanged();
  void processFilterChanged();

 private:
  void applyRange(TimeRange range);
  void spansChanged();
  TimeRange clamped(TimeRange range) const;

  TimeRange full_{0, 1}, range_{0, 1}, reach_;
  std::vector<TimeRange> history_{{0, 1}};
  std::size_t history_position_ = 0;
  qint64 last_change_ms_ = 0;
  std::optional<TimeNs> cursor_;
  SpanRef hovered_;
  std::vector<SpanRef> selected_;
  std::optional<AreaSelection> area_;
  std::shared_ptr<const TokenFlow> token_flow_;
  HitMapPtr found_;
  FigureScope scope_ = FigureScope::Trace;
  FigureScope scope_without_area_ = FigureScope::Trace;  ///< when a selected area goes
  ModelPlace place_, hovered_place_;
  std::optional<ProcessId> process_filter_;
};

}  // namespace moescope
