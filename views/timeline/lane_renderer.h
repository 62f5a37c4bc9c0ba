// Draws the lanes of a layout: as one opaque picture for the screen, as rectangles for vector
// output.
#pragma once

#include <QImage>
#include <QPainter>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "views/timeline/label_text.h"
#include "views/timeline/lane_cells.h"
#include "views/timeline/row_layout.h"
#include "views/timeline/span_source.h"
#include "views/timeline/time_axis.h"
#include "views/timeline/timeline_looks.h"

namespace moescope {

/// What is drawn, without how.
struct LaneContent {
  SpanSource& source;
  const RowLayout& layout;
  TimelineLooksPtr looks;
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
  /// Works out the columns of every visible lane; those that did not change are kept. Call before
  /// image(), drawLabels() and drawVector(). `min_label` 0 leaves names out.
  void prepare(const LaneContent& content, const LaneCanvas& canvas, double min_label);
  /// The lanes as an opaque picture of size x dpr physical pixels.
  QImage& image();
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
  struct LaneKey {
    TrackId track = 0;
    int depth = 0;
    friend auto operator<=>(const LaneKey&, const LaneKey&) = default;
  };
  /// Columns kept from frame to frame, and what they were drawn for.
  struct Drawn {
    LaneCells cells;
    PixelMap map;
    bool stale = true;  ///< to be drawn again before it is shown
  };
  struct Lane {
    LaneKey key;
    const PlacedRow* placed = nullptr;
    const LaneCells* cells = nullptr;
    int y0 = 0, y1 = 0;  ///< physical pixels, may lie outside
    int top = 0;         ///< nothing is drawn above (pinned rows)
  };
  struct Job;
  /// The chunks of a track, which its lanes share.
  struct TrackChunks {
    std::vector<LoadedChunkPtr> list;
    bool asked = false, complete = false;
  };

  void addTrackLanes(const PlacedRow& placed, std::vector<Job>& jobs);
  void fetch(Job& job, double density, TrackChunks& chunks);
  void forgetUnused();
  void run(std::vector<Job>& jobs);
  void prepareRibbons();
  void paintLane(const Lane& lane);
  void paintRibbon(const PlacedRow& placed);
  void paintGround(const PlacedRow& placed);
  void makeGrid();
  int physical(int logical) const;
  /// For threads: unlike QImage's, it never detaches.
  QRgb* scanLine(int y) { return pixels_ + static_cast<std::ptrdiff_t>(y) * stride_; }
  void fillRows(int y0, int y1, const std::vector<QRgb>& line);

  std::optional<LaneContent> content_;
  LaneCanvas canvas_;
  LanePalette palette_;
  PixelMap map_;  ///< of physical columns
  double min_label_ = 0;
  std::map<LaneKey, Drawn> cache_;
  struct DrawnRibbon {
    std::vector<RibbonShares> shares;
    PixelMap map{{0, 1}, 0};
    bool used = false;
  };
  std::map<DeviceKey, DrawnRibbon> ribbons_;
  std::vector<Lane> lanes_;
  QImage image_;
  QRgb* pixels_ = nullptr;  ///< of image_, stride_ pixels a line
  std::ptrdiff_t stride_ = 0;
  std::vector<QRgb> grid_line_, header_line_;
};

}  // namespace moescope
