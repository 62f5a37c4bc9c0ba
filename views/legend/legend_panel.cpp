#include "views/legend/legend_panel.h"

#include <QApplication>
#include <QEvent>

#include "views/common/theme.h"

namespace moescope {
QString class_definition(SpanClass c) {
  const auto tr = [](const char* text) { return LegendPanel::tr(text); };
  switch (c) {
    case SpanClass::Attention:
      return tr("Attention kernels, FlashAttention and FlashMLA. Counts as compute.");
    case SpanClass::Dense:
      return tr("Matrix products outside the experts. Counts as compute.");
    case SpanClass::Gate:
      return tr("Choosing experts: gate and top-k. Counts as compute.");
    case SpanClass::Dispatch:
      return tr("Sending tokens to the GPUs of their experts. Counts as communication.");
    case SpanClass::Combine:
      return tr("Bringing expert results back to their tokens. Counts as communication.");
    case SpanClass::Communication:
      return tr("Other communication, such as all-reduce and send/receive.");
    case SpanClass::Expert:
      return tr("Grouped matrix products of the experts. Counts as compute.");
    case SpanClass::SharedExpert:
      return tr("The expert that every token visits. Counts as compute.");
    case SpanClass::FusedMoe:
      return tr(
          "Dispatch, experts and combine in one kernel. Neither compute nor communication: when it "
          "does which cannot be observed.");
    case SpanClass::Memory:
      return tr("Copies and fills. Neither compute nor communication.");
    case SpanClass::OtherCompute:
      return tr("Kernels that no rule matches. Counts as compute.");
    case SpanClass::Host:
      return tr("Calls, operators and annotations on the host; not GPU work.");
  }
  return {};
}

LegendPanel::LegendPanel(TraceDocument& document, QWidget* parent)
    : QListWidget(parent), document_(document) {
  setObjectName("legendPanel");
  setAccessibleName(tr("Legend"));
  setSelectionMode(QAbstractItemView::NoSelection);
  setFrameShape(QFrame::NoFrame);
  setIconSize({14, 14});
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  connect(&document_, &TraceDocument::analysisChanged, this, &LegendPanel::rebuild);
  rebuild();
}

void LegendPanel::rebuild() {
  clear();
  const Theme& theme = Theme::of(QApplication::palette());
  const AnalysisPtr& analysis = document_.analysis();
  const auto add = [&](const QBrush& brush, const QString& text, const QString& definition) {
    auto* item = new QListWidgetItem(class_swatch(brush, theme.muted_text), text, this);
    item->setToolTip(definition);
  };
  for (int i = 0; i < kSpanClassCount; ++i) {
    const auto c = static_cast<SpanClass>(i);
    if (analysis && !analysis->used[static_cast<std::size_t>(i)]) continue;
    add(theme.brush(c, false), class_label(c), class_definition(c));
  }
  if (!analysis || analysis->waits)
    add(theme.brush(SpanClass::Combine, true), tr("waiting"),
        tr("Communication kernels that only wait for another rank (notify, barrier), drawn hatched "
           "in the colour of their class."));
  add(theme.ribbon_compute, tr("ribbon: compute only"),
      tr("Compute runs and no communication does."));
  add(theme.ribbon_both, tr("ribbon: both at once"),
      tr("Communication runs beside compute, so it is hidden."));
  add(theme.ribbon_exposed, tr("ribbon: exposed"),
      tr("Communication runs and no compute does: the time to reduce."));
  const bool fused = analysis && analysis->used[static_cast<std::size_t>(SpanClass::FusedMoe)];
  add(QBrush(theme.background), tr("ribbon: idle"),
      fused ? tr("Nothing runs on the device, or a fused kernel, whose overlap cannot be observed.")
            : tr("Nothing runs on the device."));
  if (document_.trace() && !document_.trace()->losses().empty())
    add(QBrush(theme.text, Qt::DiagCrossPattern), tr("lost"),
        tr("Times at which the recording lost something. Figures only cover what was recorded; "
           "point at one to see what is missing and why."));
}

void LegendPanel::changeEvent(QEvent* event) {
  QListWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) rebuild();
}

}  // namespace moescope
