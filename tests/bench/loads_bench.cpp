// How long heatmaps of expert loads take to draw, against QCPColorMap of QCustomPlot with the same
// values in the same size. usage: moescope-loads-bench [Google Benchmark options]
#include <benchmark/benchmark.h>
#include <qcustomplot.h>

#include <QApplication>
#include <cmath>

#include "views/load/heat/heat_map.h"

namespace moescope {
namespace {

constexpr QSize kSize(1200, 700);

/// Loads as uneven as those of a real model, the same in every run.
LoadMatrix made_matrix(int rows, int columns) {
  LoadMatrix m(rows, columns);
  std::uint64_t state = 88172645463325252ULL;
  for (double& value : m.values) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    value = std::exp(static_cast<double>(state % 1000) / 300.0) * 100;
  }
  return m;
}

HeatPicturePtr made_picture(const LoadMatrix& values, HeatScale scale) {
  auto picture = std::make_shared<HeatPicture>();
  picture->values = values;
  picture->title = "Expert load by layer and expert";
  picture->value_name = "Tokens";
  const auto label = [](int i) { return QString::number(i); };
  picture->rows = {"Layer", label};
  picture->columns = {"Expert", label};
  finish_heat_picture(*picture, scale);
  return picture;
}

LoadMatrix matrix_of(const benchmark::State& state) {
  return made_matrix(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
}

/// What the job does behind the window: extent of the scale and colour level of every cell.
void MakePicture(benchmark::State& state) {
  const auto values = matrix_of(state);
  for (auto _ : state) made_picture(values, static_cast<HeatScale>(state.range(2)));
}

/// Another picture of the same size until it is in the window: image, axes and colour bar.
void Replot(benchmark::State& state) {
  const auto scale = static_cast<HeatScale>(state.range(2));
  const HeatPicturePtr pictures[] = {made_picture(matrix_of(state), scale),
                                     made_picture(matrix_of(state), scale)};
  HeatMap map;
  map.resize(kSize);
  map.show();
  QApplication::processEvents();
  int next = 0;
  for (auto _ : state) {
    map.setPicture(pictures[next]);
    next = 1 - next;
    map.repaint();
  }
}

/// Both together.
void MakeAndReplot(benchmark::State& state) {
  const auto values = matrix_of(state);
  HeatMap map;
  map.resize(kSize);
  map.show();
  QApplication::processEvents();
  for (auto _ : state) {
    map.setPicture(made_picture(values, static_cast<HeatScale>(state.range(2))));
    map.repaint();
  }
}

/// As Replot, by a QCPColorMap with axes and a colour scale.
void ColorMapBaseline(benchmark::State& state) {
  const int rows = static_cast<int>(state.range(0)), columns = static_cast<int>(state.range(1));
  const auto values = made_matrix(rows, columns);
  QCustomPlot plot;
  plot.resize(kSize);
  plot.show();
  auto* map = new QCPColorMap(plot.xAxis, plot.yAxis);
  auto* bar = new QCPColorScale(&plot);
  plot.plotLayout()->addElement(0, 1, bar);
  map->setColorScale(bar);
  map->setInterpolate(false);
  map->data()->setSize(columns, rows);
  map->data()->setRange(QCPRange(0, columns - 1), QCPRange(0, rows - 1));
  map->rescaleAxes();
  for (auto _ : state) {
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) map->data()->setCell(c, r, values.at(r, c));
    map->rescaleDataRange(true);
    plot.replot(QCustomPlot::rpImmediateRefresh);
  }
}

/// The pointer moves over the cells: the picture is at hand, marks and the value are drawn.
void Hover(benchmark::State& state) {
  HeatMap map;
  map.resize(kSize);
  map.setPicture(
      made_picture(made_matrix(static_cast<int>(state.range(0)), static_cast<int>(state.range(1))),
                   HeatScale::Relative));
  map.show();
  QApplication::processEvents();
  int step = 0;
  for (auto _ : state) {
    map.setHighlight({step % static_cast<int>(state.range(0)), step % 200});
    ++step;
    map.repaint();
  }
}

void sizes_and_scales(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "columns", "scale"})->Unit(benchmark::kMillisecond);
  for (const auto& [rows, columns] : {std::pair{58, 256}, std::pair{256, 2000}})
    for (const auto scale : {HeatScale::Linear, HeatScale::Relative, HeatScale::Log})
      bench->Args({rows, columns, static_cast<int>(scale)});
}
BENCHMARK(MakePicture)->Apply(sizes_and_scales);
BENCHMARK(Replot)->Apply(sizes_and_scales);
BENCHMARK(MakeAndReplot)->Apply(sizes_and_scales);
BENCHMARK(ColorMapBaseline)
    ->ArgNames({"rows", "columns"})
    ->Args({58, 256})
    ->Args({256, 2000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Hover)
    ->ArgNames({"rows", "columns"})
    ->Args({58, 256})
    ->Args({256, 2000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  QApplication app(argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
