// What a job of the view brings back: a step with given settings, or why there is none.
#pragma once

#include <QString>
#include <memory>
#include <optional>

#include "views/common/qt_words.h"
// Before core, which uses a word of Qt's as a name.
#include "core/analysis/steps/step_causes.h"
#include "core/simulate/what_if/what_if.h"
#include "views/whatif/step_bars.h"
#include "views/whatif/whatif_base.h"

namespace moescope {

struct WhatIfAnswer {
  std::optional<CausedPrediction> predicted;
  QString text;       ///< the case in words
  QString problem;    ///< why nothing is predicted; empty: something is
  QStringList notes;  ///< what it rests on
  double tokens_per_second_gpu = 0;
};
using WhatIfAnswerPtr = std::shared_ptr<const WhatIfAnswer>;

/// For a job. Errors become problem; throws Cancelled.
WhatIfAnswerPtr answer_what_if(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans,
                               Progress& progress);

/// The step of the open trace, or why there is none.
struct WhatIfMeasured {
  std::optional<MeasuredStep> step;
  bool simulated = false;  ///< the open trace is no recording
  QString problem;         ///< empty: no trace is open, or there is a step
};

/// The problem or remedy of an error in one sentence, for a place in the view.
QString problem_text(const std::exception& error);

/// That the measured step is farther from the unchanged settings than the errors of both; empty
/// where it is not, or where one of them is not known.
QString misfit_text(const WhatIfAnswer& unchanged, const WhatIfMeasured& measured);

/// @param base equal to `now` when nothing was changed
/// @pre now is not null
StepBarsPicture what_if_picture(const WhatIfAnswerPtr& base, const WhatIfAnswerPtr& now,
                                const WhatIfMeasured& measured, bool nothing_open);

}  // namespace moescope
