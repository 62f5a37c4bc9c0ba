// Charts as files: PNG, SVG, PDF, CSV, each written beside its target and renamed when complete.
#include <QBuffer>
#include <QCoreApplication>
#include <QFileInfo>
#include <QImage>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgGenerator>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/version.h"
#include "views/common/theme.h"
#include "views/plot/chart.h"

namespace moescope {
namespace {

constexpr int kMaxPixels = 16384;  ///< a side; beyond it a picture would need gigabytes

QByteArray png_of(Chart& chart, QSize size, const Theme& theme, double scale) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  render_chart(chart, size, theme, scale).save(&buffer, "PNG");
  return bytes;
}

QByteArray svg_of(Chart& chart, QSize size, const Theme& theme) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QSvgGenerator generator;
  generator.setOutputDevice(&buffer);
  generator.setSize(size);
  generator.setViewBox(QRect(QPoint(0, 0), size));
  generator.setResolution(96);
  generator.setTitle("MoEscope " + chart.chartName());
  generator.setDescription(chart.summary().toHtmlEscaped());  // Qt writes it as it is
  QPainter painter(&generator);
  painter.fillRect(QRect(QPoint(0, 0), size), theme.background);
  chart.paintChart(painter, size, theme);
  painter.end();
  return bytes;
}

QByteArray pdf_of(Chart& chart, QSize size, const Theme& theme) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  writer.setResolution(96);
  writer.setPageMargins(QMarginsF(0, 0, 0, 0));
  writer.setPageSize(
      QPageSize(QSizeF(size) * 72.0 / 96.0, QPageSize::Point, {}, QPageSize::ExactMatch));
  writer.setTitle("MoEscope " + chart.chartName());
  writer.setCreator("MoEscope " + QString::fromStdString(program_version()));
  QPainter painter(&writer);
  painter.fillRect(QRect(QPoint(0, 0), size), theme.background);
  chart.paintChart(painter, size, theme);
  painter.end();
  return bytes;
}

QByteArray content_of(Chart& chart, const QString& path, QSize size, const Theme& theme,
                      double scale) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix == "png") return png_of(chart, size, theme, scale);
  if (suffix == "svg") return svg_of(chart, size, theme);
  if (suffix == "pdf") return pdf_of(chart, size, theme);
  if (suffix == "csv") return chart.csv().toUtf8();
  throw Error(path.toStdString(), {},
              suffix.isEmpty() ? "the file name has no suffix that names the format"
                               : "no format is known for the suffix ." + suffix.toStdString(),
              "use a name that ends in .png, .svg, .pdf or .csv");
}

}  // namespace

QImage render_chart(Chart& chart, QSize size, const Theme& theme, double scale) {
  if (size.isEmpty() || size.width() * scale > kMaxPixels || size.height() * scale > kMaxPixels) {
    throw Error("picture", {}, "a side of the picture must have 1 to 16384 pixels",
                "choose another size");
  }
  QImage image(QSize(static_cast<int>(std::lround(size.width() * scale)),
                     static_cast<int>(std::lround(size.height() * scale))),
               QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(scale);
  image.fill(theme.background);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::TextAntialiasing);
  chart.paintChart(painter, size, theme);
  return image;
}

void write_file_whole(const QString& path, const QByteArray& content) {
  write_text_file(path.toStdString(),
                  {content.constData(), static_cast<std::size_t>(content.size())});
}

void export_chart(Chart& chart, const QString& path, QSize size, const Theme& theme, double scale) {
  if (size.isEmpty() || size.width() > kMaxPixels || size.height() > kMaxPixels) {
    throw Error(path.toStdString(), {}, "a side of the picture must have 1 to 16384 pixels",
                "choose another size");
  }
  write_file_whole(path, content_of(chart, path, size, theme, scale));
}

}  // namespace moescope
