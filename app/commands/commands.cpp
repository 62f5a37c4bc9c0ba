// The table of subcommands, in a library that can link all of them.
#include "app/commands/command.h"

namespace moescope {

#define MOESCOPE_COMMAND(name) void register_##name(CLI::App& app);
#include "app/commands/commands.inc"
#undef MOESCOPE_COMMAND

const std::vector<RegisterCommand>& all_commands() {
#define MOESCOPE_COMMAND(name) register_##name,
  static const std::vector<RegisterCommand> commands = {
#include "app/commands/commands.inc"
  };
#undef MOESCOPE_COMMAND
  return commands;
}

}  // namespace moescope
