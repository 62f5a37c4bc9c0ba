// The command line: runs the subcommand and turns errors into messages and exit codes.
#pragma once

namespace moescope {

/// Exit codes of every command: 0 done, 1 failed (message on stderr), 2 wrong usage.
int run_cli(int argc, char** argv);

}  // namespace moescope
