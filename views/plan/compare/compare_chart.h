// The comparison of two plans as a bar chart.
#pragma once

#include <QPainter>
#include <QRectF>
#include <QString>
#include <vector>

#include "views/common/theme.h"
#include "views/plan/compare/compare_models.h"

namespace moescope {

/// Bars before and after with the bound of every layer, under `title`, with legend and axes.
void paint_comparison(QPainter& painter, const QRectF& area,
                      const std::vector<CompareLayer>& layers, const QString& title,
                      const Theme& theme);

/// Imbalance of the layers before, after and at best, in words.
QString comparison_summary(const std::vector<CompareLayer>& layers, const QString& title);

}  // namespace moescope
