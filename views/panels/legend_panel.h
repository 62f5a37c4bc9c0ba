// What the colours mean; the same in every view and export.
#pragma once

#include <QListWidget>

#include "core/analysis/classify.h"

namespace moescope {

class LegendPanel : public QListWidget {
  Q_OBJECT

 public:
  explicit LegendPanel(QWidget* parent = nullptr);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void rebuild();
};

/// The definition of a class, for tooltips.
QString class_definition(SpanClass c);

}  // namespace moescope
