// Whether to change a placement plan: what it gains, what it costs, and what is not known.
#pragma once

#include <string>
#include <vector>

#include "core/advise/actions.h"
#include "core/advise/evidence.h"
#include "core/advise/knee.h"

namespace moescope {

enum class AdviceVerdict { DoIt, NotWorthIt, NotEnoughEvidence };
const char* to_string(AdviceVerdict verdict);  ///< "do_it", "not_worth_it", "not_enough_evidence"
/// "do it", "not worth it", "not enough evidence".
const char* verdict_words(AdviceVerdict verdict);

struct Advice {
  AdviceVerdict verdict = AdviceVerdict::NotEnoughEvidence;
  std::string reason;                ///< one sentence
  std::vector<std::string> missing;  ///< evidence, each a phrase; none where it is not worth it
  std::vector<std::string> notes;    ///< what limits the figures
  StepToday today;
  BalanceResponse response;
  LoadEvidence evidence;
  std::vector<AdvisedAction> actions;  ///< cheapest first
  /// Of `actions`: the cheapest whose net effect is within kWorthIt of the largest.
  std::optional<std::size_t> best;
};

/// A net effect below this share of the step is not worth a change, whatever its error.
inline constexpr double kWorthIt = 0.01;

/// The cheapest of `actions` (in that order) whose net effect is less than kWorthIt below the
/// largest one, and that is worth it and above its error where the largest is: a difference that is
/// not worth a change is not worth a dearer change either.
/// @pre actions is not empty
std::size_t best_action(const std::vector<AdvisedAction>& actions);

/// @param loads in the layers of the plan in force
/// The verdict is DoIt when the best action's net effect is at least kWorthIt, larger than its
/// error, and no evidence is missing; NotWorthIt when balance is not felt (imbalance below the
/// knee, weights read for as long as tokens are computed) or no action pays; else
/// NotEnoughEvidence. Throws Error, Cancelled.
Advice advise(const Deployment& deployment, const LoadSet& loads, const AdviseOptions& options,
              Progress& progress);

}  // namespace moescope
