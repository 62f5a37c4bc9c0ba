// What the settings begin with: what is open, and what is assumed where that does not tell.
#pragma once

#include <QString>
#include <array>

#include "views/common/qt_words.h"
// Before core, which uses a word of Qt's as a name.
#include "core/simulate/what_if/what_if.h"
#include "views/workspace/documents/serving_setup.h"
#include "views/workspace/workspace.h"

namespace moescope {

struct WhatIfBase {
  WhatIf settings;
  WhatIfFiles files;
  QString plan_name;                                  ///< empty: no plan is open
  std::array<QString, kServingParts.size()> reasons;  ///< why hardware, model and unit are these
  std::array<bool, kServingParts.size()> found{};     ///< by the open files, or chosen for them

  bool nothing_open() const { return !files.loads && !files.plan; }
  /// "H800 and decode144 are assumed: ..."; empty when all was found.
  QString assumed() const;
};

/// Of the plan, the chosen windows of the loads and the set-up that is known of both.
WhatIfBase what_if_base(const Workspace& workspace);

}  // namespace moescope
