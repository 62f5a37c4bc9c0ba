// moescope mcp: the analyses as read-only tools for clients of the Model Context Protocol.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/mcp/mcp_server.h"
#include "core/error.h"

namespace moescope {
namespace {

struct McpOptions {
  std::vector<std::string> roots;
  mcp::ServerOptions server;
};

void send_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  if (std::fflush(stdout) != 0) throw Error("stdout", "", "the client reads no answers any more");
}

void serve(McpOptions& options, const CLI::App& program) {
  // A client that has gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto draws = [](const CLI::App* command) { return command->get_name() == "export"; };
  options.server.pictures = !program.get_subcommands(draws).empty();
  const int input = dup(STDIN_FILENO);
  mcp::Server(mcp::Roots(options.roots), options.server, input, send_line).run();
  close(input);
}

}  // namespace

void register_mcp(CLI::App& app) {
  auto* command = app.add_subcommand(
      "mcp",
      "Serve the analyses as read-only tools over stdin and stdout (Model Context Protocol)");
  auto options = std::make_shared<McpOptions>();
  command
      ->add_option("--root", options->roots,
                   "Folder whose files may be read, with all below it; may be given several times")
      ->required();
  command->add_option("--timeout", options->server.limits.seconds, "Most seconds of one call")
      ->check(CLI::Range(1.0, 3600.0));
  command
      ->add_option("--max-answer", options->server.limits.output_bytes,
                   "Most bytes of one answer (1048576)")
      ->check(CLI::Range(1024, 1 << 28));
  command->callback([options, &app] { serve(*options, app); });
}

}  // namespace moescope
