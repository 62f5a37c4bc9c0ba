#include "views/sm/sm_pair_bars.h"

#include <QPainter>
#include <algorithm>

#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/readout.h"

namespace moescope {

std::vector<SmPairTime> sm_pair_times(const std::map<std::pair<int, int>, TimeNs>& time_at) {
  TimeNs total = 0;
  for (const auto& [pair, ns] : time_at) total += ns;
  std::vector<SmPairTime> times;
  for (const auto& [pair, ns] : time_at)
    times.push_back(
        {pair.first, pair.second, ns,
         100.0 * static_cast<double>(ns) / static_cast<double>(std::max<TimeNs>(total, 1))});
  std::stable_sort(times.begin(), times.end(),
                   [](const auto& a, const auto& b) { return a.time > b.time; });
  return times;
}

SmPairBars::SmPairBars(QWidget* parent) : QWidget(parent) {
  setObjectName("smPairBars");
  show(nullptr, {tr("SM"), tr("SMs")});
  setMinimumSize(220, 3 * rowHeight());
}

void SmPairBars::show(const SmAllocation* allocation, const ProcessorNames& names) {
  names_ = names;
  setAccessibleName(tr("Time by %1 of communication and compute").arg(names.many));
  pairs_ = allocation == nullptr ? std::vector<SmPairTime>() : sm_pair_times(allocation->time_at);
  sm_count_ = allocation == nullptr ? 0 : allocation->sm_count;
  update();
}

void SmPairBars::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  const QFontMetrics metrics = fontMetrics();
  const std::vector<LegendEntry> legend = {
      {tr("communication"), theme.color(SpanClass::Communication)},
      {tr("compute"), theme.ribbon_compute},
      {tr("free"), theme.background}};
  painter.setPen(theme.text);
  const qreal top =
      4 + paint_legend(painter, QRectF(rect()).adjusted(4, 4, -4, 0), legend, theme) + 2;
  const int label = metrics.horizontalAdvance("000 + 000") + 8;
  const int value = metrics.horizontalAdvance("100.0 %  000 ms") + 8;
  const qreal full = std::max(20, width() - label - value - 12);
  const auto fit = static_cast<std::size_t>(std::max(0.0, (height() - top) / rowHeight()));
  for (std::size_t i = 0; i < std::min(fit, pairs_.size()); ++i) {
    const SmPairTime& pair = pairs_[i];
    const qreal y = top + static_cast<qreal>(i) * rowHeight();
    const auto line = [&](qreal x, qreal w) { return QRectF(x, y, w, rowHeight()); };
    painter.setPen(theme.text);
    painter.drawText(line(0, label), Qt::AlignRight | Qt::AlignVCenter,
                     QString("%1 + %2").arg(pair.comm).arg(pair.compute));
    const QRectF bar(label + 6, y + 3, full, rowHeight() - 6);
    const qreal one = full / std::max(1, sm_count_);
    painter.fillRect(QRectF(bar.left(), bar.top(), one * pair.comm, bar.height()),
                     theme.color(SpanClass::Communication));
    painter.fillRect(
        QRectF(bar.left() + one * pair.comm, bar.top(), one * pair.compute, bar.height()),
        theme.ribbon_compute);
    painter.setPen(theme.muted_text);
    painter.drawRect(bar);
    painter.setPen(theme.text);
    painter.drawText(line(bar.right(), value), Qt::AlignRight | Qt::AlignVCenter,
                     QString("%1  %2").arg(format_percent(pair.percent), format_time(pair.time)));
  }
}

QString SmPairBars::summary() const {
  if (pairs_.empty()) return tr("No device to show.");
  constexpr std::size_t kTold = 5;  // the table has all
  QStringList parts;
  for (std::size_t i = 0; i < std::min(kTold, pairs_.size()); ++i)
    parts << tr("%1 + %2: %3, %4")
                 .arg(pairs_[i].comm)
                 .arg(pairs_[i].compute)
                 .arg(format_percent(pairs_[i].percent), format_time(pairs_[i].time));
  return tr("Time at each number of %1 of communication + compute, of %2, longest first. %3.")
      .arg(names_.many)
      .arg(sm_count_)
      .arg(parts.join(QStringLiteral("; ")));
}

bool SmPairBars::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  return show_readout(
      *this, *static_cast<QHelpEvent*>(event),
      tr("Time during which communication held the first and compute the second number of %1, "
         "of %2; the most frequent states first. The table has all.")
          .arg(names_.many)
          .arg(sm_count_));
}

}  // namespace moescope
