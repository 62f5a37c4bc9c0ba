#include "views/sm/sm_file_chart.h"

#include "core/analysis/spans/gpu_work.h"
#include "views/plot/chart_paint.h"

namespace moescope {

SmFileChart::SmFileChart(SmDataPtr data, std::vector<const SmDevice*> devices, TimeRange range,
                         bool awaited)
    : data_(std::move(data)), devices_(std::move(devices)), range_(range), awaited_(awaited) {}

SmFileChart::SmFileChart(const TracePtr& trace, const AnalysisPtr& analysis, TimeRange range,
                         Progress& progress)
    : SmFileChart(make_sm_data(trace, analysis, SmBlocks::LeftOut, progress), {}, range) {
  for (const SmDevice& device : data_->devices) devices_.push_back(&device);
}

SmChartInput SmFileChart::input() const {
  return {.trace = data_ ? data_->trace.get() : nullptr,
          .devices = devices_,
          .range = range_,
          .awaited = awaited_};
}

void SmFileChart::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_sm_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), input(), theme);
}

QString SmFileChart::csv() const {
  // A table without lines is of SMs.
  const ProcessorWords words = processor_words(
      devices_.empty() ? nullptr : find_device(*data_->trace, devices_.front()->allocation->key));
  const QString names = QString::fromUtf8(words.many);
  QString text =
      QStringLiteral("device,method,begin (ns),end (ns),comm (%1),compute (%1),free (%1)")
          .arg(names);
  const auto classes = sm_classes(devices_);
  for (const SpanClass c : classes)
    text += QStringLiteral(",%1 (%2)").arg(QLatin1String(to_string(c)), names);
  text += '\n';
  for (const SmDevice* device : devices_) {
    const SmAllocation* sm = device->allocation;
    const QString prefix =
        csv_field(device_label(*data_->trace, sm->key)) + ',' + to_string(sm->method) + ',';
    for (std::size_t i = 0; i < sm->steps.size(); ++i) {
      const SmStep& step = sm->steps[i];
      const TimeNs end = i + 1 < sm->steps.size() ? sm->steps[i + 1].begin : sm->range.end;
      if (end <= range_.begin || step.begin >= range_.end) continue;
      text += prefix + QString("%1,%2,%3,%4,%5")
                           .arg(step.begin)
                           .arg(end)
                           .arg(step.comm)
                           .arg(step.compute)
                           .arg(sm->sm_count - step.comm - step.compute);
      for (const SpanClass c : classes) {
        text += ',' + QString::number(step.by_class[static_cast<std::size_t>(c)]);
      }
      text += '\n';
    }
  }
  if (data_ && data_->trace) text += csv_scope_line(range_, data_->trace->range());
  return text;
}

}  // namespace moescope
