// The lanes as one opaque picture for the screen. A picture that moves sideways is scrolled by
// whole columns, and only what that leaves free is painted.
#pragma once

#include <QImage>
#include <vector>

#include "views/timeline/lanes/lane_renderer.h"

namespace moescope {

class LanePicture {
 public:
  /// Paints what changed since the last call; needs a renderer that was prepared, the same each
  /// time. The picture has size x dpr physical pixels; names are on it.
  const QImage& update(LaneRenderer& renderer, LabelCache& labels);
  const QImage& image() const { return image_; }

 private:
  using Lane = LaneRenderer::Lane;
  /// All that a picture depends on besides its time and the columns of its lanes.
  struct Look {
    struct Row {
      RowKey key;
      int y = 0, height = 0, lanes = 0;
      bool pinned = false;
      friend bool operator==(const Row&, const Row&) = default;
    };
    QSize size;
    double dpr = 0, min_label = 0;
    bool dark = false;
    QFont font;
    TimelineLooksPtr looks;
    HitMapPtr found;
    TimeNs tick_step = 0;
    int lane_height = 0, pinned_height = 0;
    std::vector<Row> rows;
    friend bool operator==(const Look&, const Look&) = default;
  };
  struct Name {
    const Lane* lane;
    const LaneLabel* label;
  };

  static Look lookOf(const LaneRenderer& renderer, const LabelCache& labels);
  /// Scrolls what is painted; what is to be repainted.
  PixelRun moveTo(const PixelMap& map, bool same_look);
  void paintGround(const PixelRun& columns);
  void paintRow(const PlacedRow& placed, const PixelRun& columns);
  void paintRibbon(const PlacedRow& placed, const PixelRun& columns);
  void paintLanes(const PixelRun& fresh, std::vector<Name>& names);
  void paintLane(const Lane& lane, const PixelRun& columns);
  void makeGrid();
  /// For threads: unlike QImage's, it never detaches.
  QRgb* scanLine(int y) { return pixels_ + static_cast<std::ptrdiff_t>(y) * stride_; }
  void fillRows(int y0, int y1, const std::vector<QRgb>& line, const PixelRun& columns);

  LaneRenderer* renderer_ = nullptr;  ///< during update()
  QImage image_;
  Look look_;
  PixelMap map_;            ///< of the columns that are painted
  QRgb* pixels_ = nullptr;  ///< of image_, stride_ pixels a line
  std::ptrdiff_t stride_ = 0;
  std::vector<QRgb> grid_line_, header_line_;
};

}  // namespace moescope
