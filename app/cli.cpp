#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <sstream>

#include "app/commands/command.h"
#include "core/error.h"
#include "core/std_streams.h"
#include "core/version.h"
#ifdef MOESCOPE_HAS_GUI
#include "app/gui_main.h"
#endif

namespace moescope {
namespace {

int fail(const char* what) {
  std::fprintf(stderr, "moescope: %s\n", what);
  return 1;
}

/// Prints CLI11's message about wrong usage, or the text of --help.
int exit_parsing(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, err;
  const int code = app.exit(error, out, err);
  std::fputs(out.str().c_str(), stdout);
  std::fputs(err.str().c_str(), stderr);
  if (code != 0) return 2;
  require_stdout();
  return 0;
}

/// Options of the window.
struct WindowArguments {
  std::vector<std::string> files;
  std::string screenshot, theme, tour;
  std::pair<int, int> size{0, 0};
  bool live = false;
};

void add_window_options(CLI::App& app, WindowArguments& window) {
  app.add_option("FILE", window.files, "Trace files or folders to open in the window");
#ifdef MOESCOPE_HAS_GUI
  app.add_option("--screenshot", window.screenshot,
                 "Open FILE, write the window to this PNG when all is analysed, and exit");
  app.add_option("--tour", window.tour,
                 "Write pictures of every view to this folder, and exit (./dev tour)")
      ->group("");  // for those who develop it
  app.add_flag("--live", window.live,
               "Start the embedded runtime, watch it live and record it; needs moescope-node "
               "beside this program");
  app.add_option("--size", window.size, "Size of the window in pixels, as 1920x1080")
      ->delimiter('x');
  app.add_option("--theme", window.theme, "Colours of the window for this run")
      ->check(CLI::IsMember({"light", "dark"}));
#endif
}

int run_parsed(int argc, char** argv, CLI::App& app, const WindowArguments& window) {
  if (!app.get_subcommands().empty()) {  // its callback ran while parsing
    require_stdout();
    return 0;
  }
#ifdef MOESCOPE_HAS_GUI
  return run_gui(argc, argv,
                 {.files = window.files,
                  .screenshot = window.screenshot,
                  .width = window.size.first,
                  .height = window.size.second,
                  .theme = window.theme,
                  .tour = window.tour,
                  .live = window.live});
#else
  (void)window;
  (void)argc;
  (void)argv;
  std::fputs("moescope: built without the window; see moescope --help for the commands\n", stderr);
  return 2;
#endif
}

}  // namespace

int run_cli(int argc, char** argv) {
  guard_standard_streams();
  CLI::App app(
      "MoEscope: where did the step time go, which experts are hot, and what happens if I move "
      "them?\n"
      "Without a command it opens the window.",
      "moescope");
  app.set_version_flag("--version", "moescope " + program_version());
  app.option_defaults()->always_capture_default();
  WindowArguments window;
  add_window_options(app, window);
  for (const auto add : all_commands()) add(app);
  for (auto* command : app.get_subcommands({})) {
    add_common_options(*command);
    command->set_version_flag("--version", "moescope " + program_version());
  }
  app.require_subcommand(0, 1);
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return exit_parsing(app, error);
    }
    return run_parsed(argc, argv, app, window);
  } catch (const Cancelled&) {
    return fail("cancelled; nothing was written");
  } catch (const std::bad_alloc&) {
    return fail(
        "not enough memory for this: close other programs, or use a smaller part of the data");
  } catch (const Error& error) {
    return fail(error.command_line_text().c_str());
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

}  // namespace moescope
