#include "views/timeline/lanes/row_layout.h"

#include <algorithm>

namespace moescope {

int RowLayout::rowHeight(const TimelineRow& row, int lane_height) {
  switch (row.key.kind) {
    case RowKind::Process:
    case RowKind::Alike:
      return kProcessHeight;
    case RowKind::Threads:
      return kThreadsHeight;
    case RowKind::Ribbon:
      return std::min(kRibbonHeight, std::max(lane_height + kGap, kMinLaneHeight));
    case RowKind::Track:
      return row.lanes * lane_height + (lane_height >= 8 ? kGap : 0);
  }
  return 0;
}

int RowLayout::fillingHeight(const RowModel& model, int height) const {
  int fixed = 0, lanes = 0;
  for (const auto* rows : {&model.pinned(), &model.rows()})
    for (const auto& row : *rows) {
      const int own = row.key.kind == RowKind::Track ? row.lanes : 0;
      lanes += own;
      fixed += rowHeight(row, kLaneHeight) - own * kLaneHeight;
    }
  if (lanes == 0) return kLaneHeight;
  return std::clamp((height - fixed) / lanes, kLaneHeight, kMaxLaneHeight);
}

void RowLayout::update(const RowModel& model, int lane_height, int height, int scroll) {
  placed_.clear();
  lane_height_ = std::clamp(lane_height, kMinLaneHeight, kMaxLaneHeight);
  height_ = std::max(height, 0);
  pinned_height_ = 0;
  const int pinned_limit = height_ * 2 / 3;  // pinned rows never hide all others
  for (const auto& row : model.pinned()) {
    const int h = rowHeight(row);
    if (pinned_height_ + h > pinned_limit) break;
    placed_.push_back({&row, pinned_height_, h, true});
    pinned_height_ += h;
  }
  content_height_ = 0;
  for (const auto& row : model.rows()) content_height_ += rowHeight(row);
  scroll_ = std::clamp(scroll, 0, maxScroll());
  int y = pinned_height_ - scroll_;
  for (const auto& row : model.rows()) {
    const int h = rowHeight(row);
    if (y >= height_) break;
    if (y + h > pinned_height_) placed_.push_back({&row, y, h, false});
    y += h;
  }
}

int RowLayout::maxScroll() const {
  return std::max(0, content_height_ - (height_ - pinned_height_));
}

RowHit RowLayout::at(int y) const {
  for (const auto& placed : placed_) {
    if (y < top(placed) || y >= placed.y + placed.height) continue;
    RowHit hit{placed.row, -1};
    if (placed.row->key.kind == RowKind::Track) {
      const int lane = (y - placed.y) / lane_height_;
      if (lane < placed.row->lanes) hit.lane = lane;
    }
    return hit;
  }
  return {};
}

const PlacedRow* RowLayout::find(const RowKey& key) const {
  for (const auto& placed : placed_)
    if (placed.row->key == key) return &placed;
  return nullptr;
}

const PlacedRow* RowLayout::rowOf(TrackId track) const {
  for (const auto& placed : placed_)
    if (placed.row->key.kind == RowKind::Track && placed.row->key.track == track) return &placed;
  return nullptr;
}

std::optional<int> RowLayout::rowTop(const RowModel& model, const RowKey& key) const {
  if (const auto* placed = find(key)) return placed->y;
  int y = pinned_height_ - scroll_;
  for (const auto& row : model.rows()) {
    if (row.key == key) return y;
    y += rowHeight(row);
  }
  return std::nullopt;
}

std::optional<int> RowLayout::scrollTo(const RowModel& model, const RowKey& key) const {
  int y = 0;
  for (const auto& row : model.rows()) {
    const int h = rowHeight(row);
    if (row.key == key) {
      const int view = height_ - pinned_height_;
      if (y < scroll_) return y;
      if (y + h > scroll_ + view) return std::max(0, std::min(y, y + h - view));
      return std::nullopt;
    }
    y += h;
  }
  return std::nullopt;
}

}  // namespace moescope
