// How an action is carried out: the command or launch flag, and its name for people.
#pragma once

#include <string>

#include "core/advise/actions.h"

namespace moescope {

/// Files that a command names.
struct AdvisedFiles {
  std::string loads;
  std::string plan;  ///< in force; empty: in no file
};

/// A command of this program, or a launch flag of the engine where it has one for it. PLAN_IN_FORCE
/// stands for a file that is not known.
std::string command_of(const AdvisedFiles& files, const Deployment& deployment,
                       const AdviseOptions& options, const AdvisedAction& action);

/// "SGLang dynamic instead", "bounded migration", "new plan", "more redundancy", "balancing
/// every 10.0 min".
std::string action_title(const AdvisedAction& action);

}  // namespace moescope
