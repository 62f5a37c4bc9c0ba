// Starting the window.
#pragma once

#include <string>
#include <vector>

namespace moescope {

/// Runs the window with `files` opened; returns the exit code of the program.
int run_gui(int argc, char** argv, const std::vector<std::string>& files);

}  // namespace moescope
