// A heatmap of expert loads as a chart of its own: for files, reports and the command line, without
// a widget.
#pragma once

#include "views/load/load_pictures.h"
#include "views/plot/chart.h"

namespace moescope {

class LoadFileChart : public Chart {
 public:
  /// `picture` may be null: then `empty_text` says why. `window`: the cells that are shown.
  LoadFileChart(HeatPicturePtr picture, CellWindow window, QString empty_text);
  /// The chosen windows of the document's loads; `layer` is that of ExpertTime.
  LoadFileChart(const LoadDocument& document, LoadPictureKind kind, HeatScale scale, int layer = 0);

  QString chartName() const override { return QStringLiteral("load"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The heatmap as a table.
  QString csv() const override;
  QString summary() const override { return picture_ ? heat_summary(*picture_) : empty_text_; }

 private:
  HeatPicturePtr picture_;
  CellWindow window_;
  QString empty_text_;
};

/// Why there are no loads to show, and what would give some.
QString load_missing_text(const LoadDocument& document);

}  // namespace moescope
