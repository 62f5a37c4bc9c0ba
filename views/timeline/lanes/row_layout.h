// Where rows are in the viewport: pinned ones stay at the top, the others scroll below them.
#pragma once

#include <optional>
#include <vector>

#include "views/timeline/lanes/row_model.h"

namespace moescope {

/// A row at its place, in logical pixels from the top of the lanes.
struct PlacedRow {
  const TimelineRow* row = nullptr;
  int y = 0, height = 0;
  bool pinned = false;
};

/// A row and the sub-lane of it under a point.
struct RowHit {
  const TimelineRow* row = nullptr;
  int lane = -1;  ///< -1: between lanes, on a header or on a ribbon
};

class RowLayout {
 public:
  /// Heights in logical pixels.
  static constexpr int kProcessHeight = 24, kThreadsHeight = 20, kRibbonHeight = 20, kGap = 2;
  static constexpr int kMinLaneHeight = 4, kMaxLaneHeight = 48, kLaneHeight = 18;

  /// Lays out the rows of `model` for a viewport `height` tall, scrolled by `scroll`. The layout
  /// points into the model and holds until the model changes.
  void update(const RowModel& model, int lane_height, int height, int scroll);

  const std::vector<PlacedRow>& placed() const { return placed_; }  ///< what is visible
  /// The height of lanes with which the rows of `model` fill `height`: at least kLaneHeight, at
  /// most kMaxLaneHeight.
  int fillingHeight(const RowModel& model, int height) const;
  int laneHeight() const { return lane_height_; }
  int pinnedHeight() const { return pinned_height_; }
  int contentHeight() const { return content_height_; }  ///< of the rows that scroll
  int height() const { return height_; }
  int scroll() const { return scroll_; }
  int maxScroll() const;

  /// The visible part of a placed row starts here: rows scroll under the pinned ones.
  int top(const PlacedRow& placed) const {
    return placed.pinned ? placed.y : std::max(placed.y, pinned_height_);
  }
  RowHit at(int y) const;
  const PlacedRow* find(const RowKey& key) const;
  const PlacedRow* rowOf(TrackId track) const;
  /// Top of sub-lane `lane` of a placed track row.
  int laneY(const PlacedRow& placed, int lane) const { return placed.y + lane * lane_height_; }
  /// Height drawn of a sub-lane: a gap stays free below it when there is room.
  int laneInk() const { return lane_height_ >= 8 ? lane_height_ - 2 : lane_height_ - 1; }
  /// Scroll position that brings the row with `key` into view; nullopt when it is in view, pinned
  /// or not shown.
  std::optional<int> scrollTo(const RowModel& model, const RowKey& key) const;
  int rowHeight(const TimelineRow& row) const { return rowHeight(row, lane_height_); }
  /// Top of a shown row, also of one that is scrolled out of the viewport.
  std::optional<int> rowTop(const RowModel& model, const RowKey& key) const;

 private:
  static int rowHeight(const TimelineRow& row, int lane_height);

  std::vector<PlacedRow> placed_;
  int lane_height_ = kLaneHeight;
  int pinned_height_ = 0, content_height_ = 0, height_ = 0, scroll_ = 0;
};

}  // namespace moescope
