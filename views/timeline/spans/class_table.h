// Colours of spans by kind and name, as a table that a frame can read a million times.
#pragma once

#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/find.h"
#include "views/timeline/spans/lane_cells.h"

namespace moescope {

class ClassTable {
 public:
  ClassTable() = default;
  /// Until `classes` is there (null), colours follow the kind alone.
  ClassTable(const Trace& trace, const Classification* classes);

  CellColor color(SpanKind kind, StringId name) const {
    if (kind == SpanKind::Kernel)
      return name < kernels_.size() ? kernels_[name]
                                    : static_cast<CellColor>(SpanClass::OtherCompute);
    const CellColor of_kind = kinds_[static_cast<std::size_t>(kind)];
    return of_kind == static_cast<CellColor>(SpanClass::Host) && name < hosts_.size() ? hosts_[name]
                                                                                      : of_kind;
  }

 private:
  std::vector<CellColor> kernels_;  ///< by StringId
  std::vector<CellColor> hosts_;    ///< shades of the host, by StringId
  std::array<CellColor, kSpanKindCount> kinds_ = default_kinds();
  static std::array<CellColor, kSpanKindCount> default_kinds();
};

/// Colours of the spans of one lane: those of their class, dimmed while a search found others.
class LaneColors {
 public:
  /// Nothing is dimmed. `classes` must outlive it.
  LaneColors(const ClassTable& classes) : classes_(classes) {}
  /// @param found null: as above; must outlive it
  LaneColors(const ClassTable& classes, const HitMap* found, TrackId track, int depth)
      : classes_(classes), found_(found), marks_(found ? &found->lane(track, depth) : nullptr) {}

  CellColor color(SpanKind kind, StringId name) const {
    const CellColor color = classes_.color(kind, name);
    return found_ == nullptr || found_->matches(name) ? color
                                                      : static_cast<CellColor>(color | kCellDim);
  }
  bool dims() const { return found_ != nullptr; }
  /// Where the lane has hits; null when nothing is dimmed.
  const std::vector<HitMark>* marks() const { return marks_; }

 private:
  const ClassTable& classes_;
  const HitMap* found_ = nullptr;
  const std::vector<HitMark>* marks_ = nullptr;
};

}  // namespace moescope
