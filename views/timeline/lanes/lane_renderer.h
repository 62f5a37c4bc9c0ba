// Works out the lanes of a layout column by column, and draws them as rectangles for vector output.
// LanePicture makes a picture for the screen of them.
#pragma once

#include <QPainter>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "views/plot/axis/time_ticks.h"
#include "views/timeline/lanes/row_layout.h"
#include "views/timeline/lanes/timeline_looks.h"
#include "views/timeline/spans/label_text.h"
#include "views/timeline/spans/lane_cells.h"
#include "views/timeline/spans/span_source.h"

namespace moescope {

/// What is drawn, without how.
struct LaneContent {
  SpanSource& source;
  const RowLayout& layout;
  TimelineLooksPtr looks;
  HitMapPtr found;  ///< of a search: the rest is dimmed; null: nothing is
};

/// Size and look of a picture.
struct LaneCanvas {
  TimeRange range;
  QSize size;  ///< logical pixels
  double dpr = 1;
  Theme theme;
  TimeTicks ticks;  ///< grid lines
};

class LaneRenderer {
 public:
  /// Works out the columns of every visible lane; those that did not change are kept, and after a
  /// move sideways those that stay in the picture. Call before the others. `min_label` 0 leaves
  /// names out.
  void prepare(const LaneContent& content, const LaneCanvas& canvas, double min_label);
  /// Names on the lanes, in logical pixels from the top left.
  void drawLabels(QPainter& painter, LabelCache& cache);
  /// The lanes as rectangles and their grid, in logical pixels.
  void drawVector(QPainter& painter);
  /// Forget columns: of lanes that were not complete, or of all.
  void invalidate(bool all);
  /// Draw every lane again, and until its pieces are at hand what was drawn before.
  void refresh();
  /// False while the prepared lanes are drawn from what was at hand.
  bool complete() const;
  /// Looks (class and flags without the edge) that the prepared lanes show.
  std::set<CellColor> colorsInUse() const;

 private:
  friend class LanePicture;
  struct LaneKey {
    TrackId track = 0;
    int depth = 0;
    friend auto operator<=>(const LaneKey&, const LaneKey&) = default;
  };
  /// Columns kept from frame to frame, and what they were drawn for.
  struct Drawn {
    LaneCells cells;
    PixelMap map;
    bool stale = true;   ///< to be drawn again before it is shown
    bool spans = false;  ///< of spans, not of summaries
    PixelRun changed;    ///< columns that no picture shows yet
  };
  struct Lane {
    LaneKey key;
    const PlacedRow* placed = nullptr;
    Drawn* drawn = nullptr;
    int y0 = 0, y1 = 0;  ///< physical pixels, may lie outside
    int top = 0;         ///< nothing is drawn above (pinned rows)
  };
  struct DrawnRibbon {
    std::vector<RibbonShares> shares;
    PixelMap map{{0, 1}, 0};
    bool used = false;
    PixelRun changed;
  };
  struct Job;
  /// The chunks of a track, which its lanes share.
  struct TrackChunks {
    std::vector<LoadedChunkPtr> list;
    bool asked = false, complete = false;
  };

  void addTrackLanes(const PlacedRow& placed, std::vector<Job>& jobs);
  void fetch(Job& job, double density, TrackChunks& chunks);
  int columnsToPan(const PixelMap& drawn) const;
  void forgetUnused();
  void run(std::vector<Job>& jobs);
  void rasterise(const Job& job, const PixelMap& map, LaneCells& cells) const;
  void prepareRibbons();
  int physical(int logical) const;
  PixelRun allColumns() const { return {0, map_.width()}; }
  void pictureIsUpToDate();
  /// A label as it is seen, in device pixels; nullopt when what is in the picture is too narrow.
  std::optional<PixelRun> visibleLabel(const LaneLabel& label) const;
  void drawLabel(QPainter& painter, LabelCache& cache, const Lane& lane, const LaneLabel& label);

  std::optional<LaneContent> content_;
  LaneCanvas canvas_;
  LanePalette palette_;
  PixelMap map_;  ///< of physical columns
  double min_label_ = 0;
  std::map<LaneKey, Drawn> cache_;
  std::map<DeviceKey, DrawnRibbon> ribbons_;
  std::vector<Lane> lanes_;
};

}  // namespace moescope
