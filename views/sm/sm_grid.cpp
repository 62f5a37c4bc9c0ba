#include "views/sm/sm_grid.h"

#include <QPainter>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "views/common/theme.h"
#include "views/plot/chart_paint.h"
#include "views/plot/readout.h"

namespace moescope {
namespace {

QColor cell_color(const SmCell& cell, const Theme& theme) {
  if (cell.blocks == 0) return theme.background;
  return cell.span_class ? theme.color(*cell.span_class) : theme.muted_text;
}

std::vector<LegendEntry> legend_of(const std::vector<SmCell>& cells, const Theme& theme) {
  std::array<bool, kSpanClassCount> used{};
  bool unknown = false;
  for (const SmCell& cell : cells) {
    if (cell.blocks == 0) continue;
    if (cell.span_class) used[static_cast<std::size_t>(*cell.span_class)] = true;
    unknown |= !cell.span_class;
  }
  std::vector<LegendEntry> legend;
  for (int c = 0; c < kSpanClassCount; ++c)
    if (used[static_cast<std::size_t>(c)])
      legend.push_back(
          {class_label(static_cast<SpanClass>(c)), theme.color(static_cast<SpanClass>(c))});
  if (unknown) legend.push_back({SmGrid::tr("unknown kernel"), theme.muted_text});
  legend.push_back({SmGrid::tr("free"), theme.background});
  return legend;
}

}  // namespace

SmGrid::SmGrid(QWidget* parent) : QWidget(parent) {
  setObjectName("smGrid");
  setMinimumSize(180, 90);
  setMouseTracking(true);
  show(nullptr, nullptr, {});
}

void SmGrid::show(const Trace* trace, const SmDevice* device, std::optional<TimeNs> time) {
  trace_ = trace;
  if (trace != nullptr && device != nullptr)
    names_ = processor_names(*trace, device->allocation->key);
  setAccessibleName(tr("%1 at the pointer").arg(names_.many));
  cells_.clear();
  message_.clear();
  if (trace == nullptr || device == nullptr) {
    message_ = tr("No device to show.");
  } else if (!device->records) {
    message_ = tr("Preparing the %1…").arg(names_.many);
  } else if (device->records->empty()) {
    message_ =
        tr("This trace does not record which block ran on which %1, so single %2 cannot be shown. "
           "A block trace of Nsight Systems or a recording of the runtime has them.")
            .arg(names_.one, names_.many);
  } else if (!time) {
    message_ = tr("Point at a time to see its %1.").arg(names_.many);
  } else {
    cells_ = device->records->at(*time, device->allocation->sm_count);
  }
  update();
  summary_changed(*this);
}

QString SmGrid::summary() const {
  if (cells_.empty()) return message_;
  std::map<QString, int> held;
  for (const SmCell& cell : cells_) {
    if (cell.blocks == 0)
      ++held[tr("free")];
    else
      ++held[cell.span_class ? class_label(*cell.span_class) : tr("unknown kernel")];
  }
  QStringList parts;
  for (const auto& [what, count] : held) parts << tr("%1 %2").arg(what).arg(count);
  return tr("%1 %2 at the pointer: %3.")
      .arg(cells_.size())
      .arg(names_.many, parts.join(QStringLiteral(", ")));
}

QString SmGrid::cellText(int sm) const {
  const SmCell& cell = cells_.at(static_cast<std::size_t>(sm));
  if (cell.blocks == 0) return tr("%1 %2: free").arg(names_.one).arg(sm);
  const QString blocks = cell.blocks == 1 ? tr("1 block") : tr("%1 blocks").arg(cell.blocks);
  if (!cell.span_class)
    return tr("%1 %2: %3 of a kernel that the trace does not name")
        .arg(names_.one)
        .arg(sm)
        .arg(blocks);
  const std::string_view name = trace_->strings()[cell.kernel];
  return tr("%1 %2: %3, most of %4 (%5)")
      .arg(names_.one)
      .arg(sm)
      .arg(blocks, class_label(*cell.span_class),
           QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())));
}

SmGrid::Geometry SmGrid::geometry(qreal legend) const {
  Geometry g;
  const int count = static_cast<int>(cells_.size());
  const qreal room = height() - legend - 8.0, across = width() - 8.0;
  g.top = 4 + legend;
  for (int columns = 1; columns <= count; ++columns) {
    const int rows = (count + columns - 1) / columns;
    const qreal cell = std::min(across / columns, room / rows);
    if (cell > g.cell) g = {columns, cell, g.top};
  }
  return g;
}

int SmGrid::cellAt(QPointF point) const {
  const Geometry g = geometry(legend_height_);
  const int column = static_cast<int>(std::floor((point.x() - 4) / g.cell));
  const int row = static_cast<int>(std::floor((point.y() - g.top) / g.cell));
  const int sm = row * g.columns + column;
  const bool inside =
      column >= 0 && column < g.columns && row >= 0 && sm < static_cast<int>(cells_.size());
  return inside ? sm : -1;
}

void SmGrid::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.setPen(theme.text);
  if (cells_.empty()) {
    painter.drawText(rect().adjusted(6, 4, -6, -4),
                     Qt::AlignLeft | Qt::AlignVCenter | Qt::TextWordWrap, message_);
    return;
  }
  legend_height_ =
      paint_legend(painter, QRectF(rect()).adjusted(4, 4, -4, 0), legend_of(cells_, theme), theme);
  const Geometry g = geometry(legend_height_);
  for (int i = 0; i < static_cast<int>(cells_.size()); ++i) {
    const QRectF box(4 + (i % g.columns) * g.cell, g.top + (i / g.columns) * g.cell, g.cell - 1,
                     g.cell - 1);
    painter.setPen(theme.muted_text);
    painter.setBrush(cell_color(cells_[static_cast<std::size_t>(i)], theme));
    painter.drawRect(box);
  }
}

bool SmGrid::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip || cells_.empty()) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int sm = cellAt(help->pos());
  return show_readout(*this, *help, sm < 0 ? QString() : cellText(sm));
}

}  // namespace moescope
