// moescope-agent: offers a serving engine to MoEscope's clients as moescope-node offers its
// runtime.
#pragma once

namespace moescope {

/// Runs the program with its command line; gives its exit code.
int run_agent(int argc, char** argv);

}  // namespace moescope
