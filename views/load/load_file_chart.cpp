#include "views/load/load_file_chart.h"

#include <QCoreApplication>
#include <algorithm>

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("LoadView", text);
}

HeatPicturePtr picture_of(const LoadDocument& document, LoadPictureKind kind, HeatScale scale,
                          int layer) {
  const LoadsPtr& loads = document.loads();
  if (!loads) return nullptr;
  LoadPictureInput input;
  input.sums = sum_loads(loads, document.windows(), document.reference());
  input.gpus = *document.placement();
  input.kind = kind;
  input.scale = scale;
  input.layer = std::clamp(layer, 0, loads->layers() - 1);
  return make_load_picture(input);
}

}  // namespace

LoadFileChart::LoadFileChart(HeatPicturePtr picture, CellWindow window, QString empty_text)
    : picture_(std::move(picture)), window_(window), empty_text_(std::move(empty_text)) {}

LoadFileChart::LoadFileChart(const LoadDocument& document, LoadPictureKind kind, HeatScale scale,
                             int layer)
    : picture_(picture_of(document, kind, scale, layer)),
      window_(picture_ ? picture_->whole() : CellWindow{}),
      empty_text_(load_missing_text(document)) {}

void LoadFileChart::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  const QRectF area(QPointF(0, 0), QSizeF(size));
  if (!picture_) return paint_empty_text(painter, area, empty_text_, theme);
  const HeatLayout layout = heat_layout(QFontMetricsF(painter.font()), area, *picture_);
  paint_heat_chart(painter, layout, *picture_, window_, theme);
}

QString LoadFileChart::csv() const {
  return picture_ ? heat_text(*picture_, QLatin1Char(',')) : QString();
}

QString load_missing_text(const LoadDocument& document) {
  if (document.awaited())
    return tr("Collecting expert loads: the first second is shown when it is complete.");
  return tr(
      "No expert loads are open. Open a load dump of SGLang, vLLM or TensorRT-LLM, a JSON, CSV or "
      "NPY file of counts, or a recording of the embedded runtime.");
}

}  // namespace moescope
