// One panel of a chart: QCustomPlot's axes, lines and bars around a rectangle that the chart has
// laid out. Made for one picture and drawn once, on a screen or into a file.
#pragma once

#include <QFont>
#include <QFontMetricsF>
#include <QPen>
#include <QRectF>
#include <QString>
#include <QVector>
#include <functional>
#include <memory>
#include <vector>

#include "core/trace/types.h"
#include "views/common/theme.h"
#include "views/plot/axis/time_axis.h"
#include "views/plot/axis/time_ticks.h"

class QCPAxis;
class QCPGraph;
class QCustomPlot;
class QPainter;

namespace moescope {

/// Values of an axis, upwards or to the right.
struct ValueAxis {
  double low = 0, high = 1;
  QString name;               ///< with its unit
  std::vector<double> ticks;  ///< empty: round numbers that the room allows
  /// Of a tick; empty: the number with as many decimals as the ticks need.
  std::function<QString(double)> label;
  bool logarithmic = false;
  bool grid = true;      ///< lines across the panel
  bool cut_name = true;  ///< a name that is too long is cut; else it is left out
};

/// Numbered places or rows of an axis; place p lies between p - 0.5 and p + 0.5.
struct PlaceAxis {
  double first = -0.5, last = 0.5;  ///< what is shown
  int count = 1;
  QString name;
  std::function<QString(int)> label;
};

class PlotPanel {
 public:
  enum class Side { Left, Right, Bottom };

  /// `plot` is rounded to whole pixels: see plot().
  PlotPanel(const QRectF& plot, const QFont& font, const Theme& theme);
  ~PlotPanel();

  /// Where values are drawn.
  QRectF plot() const;

  /// Times as `times` maps them, which is of the same sides as plot().
  void setTimes(const TimeAxis& times);
  /// With the ticks of something that is drawn in the same picture.
  void setTimes(const TimeAxis& times, const TimeTicks& ticks);
  /// The same times without labels: a panel above one that has them.
  void setTimesUnlabelled(const TimeAxis& times);
  void setValues(Side side, const ValueAxis& axis);
  /// Places from left to right (Bottom), rows from top to bottom (Left).
  void setPlaces(Side side, const PlaceAxis& axis);

  /// Pixel of a value, place or time (in ns).
  qreal x(double value) const;
  qreal y(double value) const;

  /// A line through the points; NaN interrupts it. Of many in one pixel the lowest and highest
  /// count.
  void addLine(const QVector<double>& x, const QVector<double>& y, const QPen& pen);
  enum class Mark { Disc, Cross };
  void addMarks(const QVector<double>& x, const QVector<double>& y, Mark mark, qreal size,
                const QColor& color);
  /// A filled area from the x axis up, in steps: x has one entry more than y.
  void addSteps(const QVector<double>& x, const QVector<double>& y, const QColor& fill);
  /// The upper border of addSteps() alone.
  void addStepLine(const QVector<double>& x, const QVector<double>& y, const QPen& pen);
  /// Bars from `base`; NaN leaves one out.
  void addBars(const QVector<double>& x, const QVector<double>& y, double width, double base,
               const QColor& fill);

  /// Draws all of it.
  void draw(QPainter& painter);

 private:
  QCPGraph& graph();
  QCPGraph& steps(const QVector<double>& x, const QVector<double>& y);
  void showAxis(Side side, const QVector<double>& ticks, const QVector<QString>& labels,
                const QString& name);
  QCPAxis& axis(Side side) const;

  std::unique_ptr<QCustomPlot> custom_;
  QRect plot_;
  QFont font_;
  const Theme& theme_;
  double origin_ = 0;  ///< ns: times are drawn from here, for the precision of a double
};

/// The room that an axis with these labels needs beside the plot, in pixels.
qreal value_axis_width(const QFontMetricsF& metrics, const ValueAxis& axis, qreal height);
qreal place_axis_height(const QFontMetricsF& metrics);

}  // namespace moescope
