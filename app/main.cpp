// MoEscope: the window without a subcommand, a command line tool with one.
#include "app/cli.h"

int main(int argc, char** argv) {
  return moescope::run_cli(argc, argv);
}
