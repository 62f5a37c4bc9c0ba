// Starting the window.
#pragma once

#include <string>
#include <vector>

namespace moescope {

struct GuiOptions {
  std::vector<std::string> files;
  std::string screenshot;     ///< PNG to write after loading, then exit; empty: stay open
  int width = 0, height = 0;  ///< window size, 0: as it was left
  std::string theme;          ///< "light" or "dark" for this run; empty: the user's choice
  std::string tour;           ///< folder for pictures of every view, then exit; empty: stay open
  bool live = false;          ///< start the embedded runtime and watch it
};

/// Runs the window with the files opened; returns the exit code of the program.
int run_gui(int argc, char** argv, const GuiOptions& options);

}  // namespace moescope
