#include "views/whatif/step_bars.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/error_bar.h"
#include "views/plot/panel.h"
#include "views/whatif/whatif_words.h"

namespace moescope {
namespace {

constexpr qreal kThickest = 34, kThinnest = 6;  // px, of a bar
constexpr double kBarShare = 0.62;              // of its row
constexpr qreal kCap = 4;                       // px, half of the end of an error bar
constexpr qreal kMostNames = 0.36;              // of the width
constexpr qreal kGap = 8;

using whatif::time;
using whatif::tr;

QString name_of(StepCause cause) {
  return QString::fromUtf8(words_of(cause).name);
}

constexpr std::array kAllCauses = {StepCause::Attention, StepCause::Experts, StepCause::Waiting,
                                   StepCause::Dispatch,  StepCause::Combine, StepCause::Floors,
                                   StepCause::Untold};

struct Look {
  QColor color;
  Cue cue = Cue::None;
};

/// The colours of the classes; what is lost has a second cue.
Look look_of(StepCause cause, const Theme& theme) {
  switch (cause) {
    case StepCause::Attention:
      return {theme.color(SpanClass::Attention)};
    case StepCause::Experts:
      return {theme.color(SpanClass::Expert)};
    case StepCause::Waiting:
      return {theme.color(SpanClass::Communication), Cue::Diagonal};
    case StepCause::Dispatch:
      return {theme.color(SpanClass::Dispatch)};
    case StepCause::Combine:
      return {theme.color(SpanClass::Combine)};
    case StepCause::Floors:
      return {theme.color(SpanClass::OtherCompute), Cue::Dots};
    case StepCause::Untold:
      break;
  }
  return {theme.alternate, Cue::Missing};
}

std::vector<LegendEntry> legend_of(const StepBarsPicture& picture, const Theme& theme) {
  std::vector<LegendEntry> entries;
  for (const StepCause cause : kAllCauses) {
    const bool used = std::any_of(picture.bars.begin(), picture.bars.end(),
                                  [cause](const StepBar& bar) { return bar.causes[cause] > 0; });
    if (!used) continue;
    const Look look = look_of(cause, theme);
    entries.push_back({name_of(cause), look.color, look.cue});
  }
  return entries;
}

/// Milliseconds unless all bars are shorter.
struct Unit {
  const char* name;
  double ns;
};
Unit unit_of(double longest) {
  return longest < 1e6 ? Unit{"µs", 1e3} : Unit{"ms", 1e6};
}

/// Three digits, and all before the point.
int decimals(double value) {
  return value < 10 ? 2 : value < 100 ? 1 : 0;
}

QString total_text(const StepBar& bar) {
  return format_time_with_error(bar.causes.step_ns(), bar.error_ns);
}

class Bars {
 public:
  Bars(QPainter& painter, const QRectF& area, const StepBarsPicture& picture, const Theme& theme)
      : painter_(painter), picture_(picture), theme_(theme), metrics_(painter.font()) {
    for (const StepBar& bar : picture.bars)
      longest_ = std::max(longest_, bar.causes.step_ns() + bar.error_ns);
    unit_ = unit_of(longest_);
    qreal names = 0, totals = 0;
    for (const StepBar& bar : picture.bars) {
      names = std::max(names, metrics_.horizontalAdvance(bar.name));
      totals = std::max(totals, metrics_.horizontalAdvance(total_text(bar)));
    }
    names_ = std::min(names, area.width() * kMostNames);
    plot_ = area.adjusted(names_ + kGap, 0, -totals - 2 * kGap, -place_axis_height(metrics_));
  }

  std::vector<StepBarPart> paint() {
    if (plot_.width() < 20 || plot_.height() < 8) return {};
    PlotPanel panel(plot_, painter_.font(), theme_);
    ValueAxis axis;
    axis.high = longest_ / unit_.ns * 1.01;
    axis.name = tr("Step (%1)").arg(QString::fromUtf8(unit_.name));
    panel.setValues(PlotPanel::Side::Bottom, axis);
    panel.draw(painter_);
    std::vector<StepBarPart> parts;
    for (std::size_t i = 0; i < picture_.bars.size(); ++i) paintBar(panel, i, parts);
    return parts;
  }

 private:
  qreal row() const { return plot_.height() / static_cast<qreal>(picture_.bars.size()); }

  void paintBar(const PlotPanel& panel, std::size_t index, std::vector<StepBarPart>& parts) {
    const StepBar& bar = picture_.bars[index];
    const qreal middle = plot_.top() + row() * (static_cast<qreal>(index) + 0.5);
    const qreal thick = std::clamp(row() * kBarShare, kThinnest, kThickest);
    const QRectF line(plot_.left() - kGap - names_, middle - metrics_.height() / 2, names_,
                      metrics_.height());
    painter_.setPen(theme_.text);
    painter_.drawText(line, Qt::AlignRight | Qt::AlignVCenter,
                      metrics_.elidedText(bar.name, Qt::ElideRight, names_ + 1));
    double from = 0;
    for (const StepCause cause : kAllCauses) {
      const double to = from + std::max(0.0, bar.causes[cause]);
      const QRectF part(QPointF(panel.x(from / unit_.ns), middle - thick / 2),
                        QPointF(panel.x(to / unit_.ns), middle + thick / 2));
      from = to;
      if (part.width() < 0.2) continue;
      paintPart(part, cause, bar.causes[cause]);
      parts.push_back({index, cause, part});
    }
    paintError(panel, bar, middle, thick);
  }

  void paintPart(const QRectF& part, StepCause cause, double ns) {
    const Look look = look_of(cause, theme_);
    paint_filled(painter_, part, look.color, look.cue, theme_);
    const QString text = QString::number(ns / unit_.ns, 'f', decimals(ns / unit_.ns));
    if (metrics_.horizontalAdvance(text) + 6 > part.width() || metrics_.height() > part.height())
      return;
    if (look.cue != Cue::None) {  // readable on hatching
      const QSizeF size(metrics_.horizontalAdvance(text) + 4, metrics_.height() - 2);
      painter_.fillRect(QRectF(part.center() - QPointF(size.width(), size.height()) / 2, size),
                        look.color);
    }
    painter_.setPen(Theme::text_on(look.color));
    painter_.drawText(part, Qt::AlignCenter, text);
  }

  void paintError(const PlotPanel& panel, const StepBar& bar, qreal middle, qreal thick) {
    const double step = bar.causes.step_ns();
    const qreal low = panel.x(std::max(0.0, step - bar.error_ns) / unit_.ns),
                high = panel.x((step + bar.error_ns) / unit_.ns);
    if (bar.error_ns > 0) {
      const qreal below = middle + thick / 2 + 2;  // under the numbers of the bar
      painter_.setPen(QPen(theme_.text, 1.5));
      painter_.drawLine(QPointF(low, below), QPointF(high, below));
      for (const qreal end : {low, high})
        painter_.drawLine(QPointF(end, below - kCap), QPointF(end, below + kCap));
    }
    painter_.setPen(theme_.text);
    const QRectF room(plot_.right() + kGap, middle - metrics_.height() / 2, 1000,
                      metrics_.height());
    painter_.drawText(room, Qt::AlignLeft | Qt::AlignVCenter, total_text(bar));
  }

  QPainter& painter_;
  const StepBarsPicture& picture_;
  const Theme& theme_;
  QFontMetricsF metrics_;
  double longest_ = 1;  ///< ns
  Unit unit_{};
  qreal names_ = 0;  ///< px
  QRectF plot_;
};

}  // namespace

std::vector<StepBarPart> paint_step_bars(QPainter& painter, const QRectF& whole,
                                         const StepBarsPicture& picture, const Theme& theme) {
  painter.save();
  QRectF area = whole.adjusted(10, 6, -10, -4);
  if (picture.bars.empty()) {
    painter.setPen(theme.muted_text);
    painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, picture.empty_text);
    painter.restore();
    return {};
  }
  area.setTop(area.top() + paint_heading(painter, area, picture.title, picture.note, theme) + 3);
  area.setTop(area.top() + paint_legend(painter, area, legend_of(picture, theme), theme) + 3);
  auto parts = Bars(painter, area, picture, theme).paint();
  painter.restore();
  return parts;
}

QString step_part_text(const StepBar& bar, StepCause cause) {
  const double step = bar.causes.step_ns();
  return tr("%1: %2 %3, %4 of the step of %5.\n%6.")
      .arg(bar.name, name_of(cause), time(bar.causes[cause]),
           format_percent(step > 0 ? 100 * bar.causes[cause] / step : 0), total_text(bar),
           QString::fromUtf8(words_of(cause).meaning));
}

QString step_bars_summary(const StepBarsPicture& picture) {
  if (picture.bars.empty()) return picture.empty_text;
  QStringList sentences{picture.title + QLatin1Char('.')};
  if (!picture.note.isEmpty()) sentences << picture.note + QLatin1Char('.');
  for (const StepBar& bar : picture.bars) {
    QStringList parts;
    for (const StepCause cause : kAllCauses)
      if (bar.causes[cause] > 0)
        parts << name_of(cause) + QLatin1Char(' ') + time(bar.causes[cause]);
    sentences << tr("%1: %2, of it %3.").arg(bar.name, total_text(bar), parts.join(", "));
  }
  return sentences.join(QLatin1Char(' '));
}

QString step_bars_table(const StepBarsPicture& picture) {
  QString text = QStringLiteral("step");
  for (const StepCause cause : kAllCauses)
    text += QStringLiteral(",%1_ns").arg(QLatin1String(words_of(cause).key));
  text += QStringLiteral(",step_ns,error_ns\n");
  const auto whole = [](double ns) { return QString::number(std::llround(ns)); };
  for (const StepBar& bar : picture.bars) {
    text += csv_field(bar.name);
    for (const StepCause cause : kAllCauses) text += QLatin1Char(',') + whole(bar.causes[cause]);
    text += QStringLiteral(",%1,%2\n").arg(whole(bar.causes.step_ns()), whole(bar.error_ns));
  }
  return text;
}

}  // namespace moescope
