// Load windows follow the visible time of the trace they were recorded with.
#pragma once

#include <QObject>
#include <QTimer>

#include "views/workspace/documents/load_document.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

/// Loads and trace have one clock when they come from the same file and the loads have times. While
/// they are recorded, what is followed is the newest windows (LoadDocument::followNewest()).
class WindowFollow : public QObject {
  Q_OBJECT

 public:
  WindowFollow(TraceDocument& trace, LoadDocument& loads, Selection& selection,
               QObject* parent = nullptr);

 private:
  void refreshClock();
  void follow();

  TraceDocument& trace_;
  LoadDocument& loads_;
  Selection& selection_;
  QTimer delay_;
};

}  // namespace moescope
