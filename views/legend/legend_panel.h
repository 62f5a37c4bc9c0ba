// What the colours mean; the same in every view and export.
#pragma once

#include <QListWidget>

#include "views/workspace/documents/trace_document.h"

namespace moescope {

class LegendPanel : public QListWidget {
  Q_OBJECT

 public:
  /// Shows the classes that the trace has; all of them while that is not known.
  explicit LegendPanel(TraceDocument& document, QWidget* parent = nullptr);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void rebuild();

  TraceDocument& document_;
};

/// The definition of a class, for tooltips.
QString class_definition(SpanClass c);

}  // namespace moescope
