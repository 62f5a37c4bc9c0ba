// What every chart can do beyond drawing itself: be exported, with or without a window.
#pragma once

#include <QByteArray>
#include <QImage>
#include <QPainter>
#include <QSize>
#include <QString>
#include <functional>

#include "views/plot/summary.h"

namespace moescope {

struct Theme;

/// Implemented by every chart widget; the export dialog, the clipboard, `moescope export` and the
/// report use it.
class Chart : public Summarised {
 public:
  virtual QString chartName() const = 0;  ///< "timeline", "overlap", "sm": file names and --chart
  /// Draws the chart with its title, legend and axes at `size` in `theme` (vector output where the
  /// painter allows it).
  virtual void paintChart(QPainter& painter, QSize size, const Theme& theme) = 0;
  /// The data behind the picture, with a header row that names units.
  virtual QString csv() const = 0;
  /// The work of csv() without the widget, for any thread; charts with little data do it now.
  virtual std::function<QString()> csvTask() const {
    return [text = csv()] { return text; };
  }
};

/// Writes `chart` to `path`; the format follows the suffix png, svg, pdf or csv. The file is
/// replaced only when complete. Throws Error (unknown suffix, cannot write). `scale` is for PNG (2
/// = HiDPI).
void export_chart(Chart& chart, const QString& path, QSize size, const Theme& theme,
                  double scale = 1);

/// The picture at `scale` device pixels per point, with the theme's background; also for the
/// clipboard. Throws Error (empty or huge size).
QImage render_chart(Chart& chart, QSize size, const Theme& theme, double scale = 1);

/// Replaces `path` only when `content` is written whole. Throws Error (cannot write).
void write_file_whole(const QString& path, const QByteArray& content);

}  // namespace moescope
