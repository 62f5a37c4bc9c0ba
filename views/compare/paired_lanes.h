// The lanes of A above those of B on one axis of time, aligned at a moment of each.
#pragma once

#include <QSplitter>
#include <QWidget>
#include <optional>

#include "core/analysis/compare/row_place.h"
#include "views/common/job.h"
#include "views/compare/align_controls.h"
#include "views/compare/align_grip.h"
#include "views/compare/compare_work.h"
#include "views/compare/lane_pane.h"
#include "views/compare/range_link.h"

namespace moescope {

class PairedLanes : public QWidget {
  Q_OBJECT

 public:
  explicit PairedLanes(Workspace& workspace, QWidget* parent = nullptr);
  ~PairedLanes() override;

  /// Lays out what is compared; aligned at the first step that both have, unless the same traces
  /// are shown already.
  void show(const CompareResult& result, bool swapped);
  /// Nothing is compared: there are no lanes.
  void clear();
  /// Moves the lanes of A by one pixel of the screen for each; to the right is positive.
  void shift(double pixels);
  /// Something is compared that has lanes.
  bool shown() const { return open_ != nullptr; }
  /// Goes to the work of a row on both sides, and aligns it.
  void goTo(const Difference& row) { alignAt(row, true); }
  /// What is aligned with what, in words.
  QString alignment() const { return controls_->words(); }
  /// Times of A minus those of B that lie above each other, ns.
  TimeNs offset() const;
  void setOffset(TimeNs offset);
  /// @pre something is shown
  LanePane& upper() { return swapped_ ? *open_ : *other_; }
  LanePane& lower() { return swapped_ ? *other_ : *open_; }
  /// The selection of times in the lanes that are not those of the open trace.
  Selection& otherSelection() { return other_selection_; }
  bool busy() const { return job_.running(); }

 private:
  using At = AlignControls::At;
  struct Places {
    std::optional<RowPlace> a, b;
  };
  void makePanes();
  void fillChoices();
  void chooseAt();
  void choosePlace(bool zoom);
  void alignAt(const Difference& row, bool zoom);
  void align(TimeNs a, TimeNs b, const QString& what);
  void showWords(const QString& what);
  void tellOtherSpan();
  void showPlaces(const Places& places, const QString& what, bool zoom);
  void zoomTo(const Places& places);
  TimeNs& openAnchor() { return swapped_ ? anchor_a_ : anchor_b_; }
  TimeNs& otherAnchor() { return swapped_ ? anchor_b_ : anchor_a_; }

  Workspace& workspace_;
  TraceDocument other_document_;
  Selection other_selection_;
  RangeLink link_;
  CompareResult result_;
  bool swapped_ = false;
  TimeNs anchor_a_ = 0, anchor_b_ = 0;           ///< moments that lie above each other
  LanePane *other_ = nullptr, *open_ = nullptr;  ///< only while something is compared
  QSplitter* panes_;
  AlignGrip* grip_;
  AlignControls* controls_;
  JobRunner job_;
};

}  // namespace moescope
