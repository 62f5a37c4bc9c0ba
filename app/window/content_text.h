// Description of the open documents for the window title and the status line.
#pragma once

#include <QString>

#include "views/workspace/workspace.h"

namespace moescope {

struct ContentText {
  QString title;  ///< of the window; "[*]" marks where Qt shows that something is unsaved
  QString
      status;     ///< "r1.json    12 windows    58 layers    256 experts    SGLang recorder (stat)"
  QString files;  ///< one per line
};

/// Of the trace, else of loads and logs, else of the plan; "No trace open" without any of them.
ContentText content_text(Workspace& workspace);

}  // namespace moescope
