// moescope record: serves a workload with the embedded runtime and writes what its ranks did.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/commands/command.h"
#include "core/error.h"

namespace moescope {
namespace {

/// An option that the runtime takes under the same name.
struct Passed {
  const char* name;
  const char* help;
  bool flag;
};
constexpr Passed kPassed[] = {
    {"--model", "tiny, tiny-lite, or a folder with config.json and safetensors", false},
    {"--ranks", "Virtual ranks, half prefill and half decode (16)", false},
    {"--nodes", "Nodes that each unit is spread over (2)", false},
    {"--tp", "Ranks that share an attention, inside a node (1)", false},
    {"--backend", "What the ranks run on, see `moescope-node --help` (cpu)", false},
    {"--gpus", "GPU that serves with --backend cuda, see `moescope-node --devices`", false},
    {"--seconds", "How long to serve (5 s)", false},
    {"--steps", "How many steps to serve, both units together", false},
    {"--workload", "rate=60,prompt=8:32,output=8:32,topics=6,period=20,seed=1", false},
    {"--routing", "Recorded routes or loads instead of the gate's choices", false},
    {"--plan", "Placement plan file for both units", false},
    {"--next-plan", "Plan file to change to while serving", false},
    {"--next-plan-at", "When, in seconds (2)", false},
    {"--bytes-per-step", "Weights that a plan change copies between two steps at most", false},
    {"--spare-places", "Expert places of a rank for plan changes, over all layers", false},
    {"--active-slots", "Slots of a rank that are active in a layer, solved from its counts (all)",
     false},
    {"--route-shared", "Route the shared expert as one more expert that every token picks", true},
    {"--workers", "Workers of a rank (3)", false},
    {"--comm-workers", "Workers that communicate (1)", false},
    {"--seed", "Seed of the tiny model's weights", false},
    {"--pace",
     "Links between ranks: nvlink=GB/S,ib=GB/S[,latency=US]; auto: communication lasts about as "
     "long as compute; off: as long as copying (auto)",
     false},
    {"--serial", "Run micro-batches one after the other, without overlap", true},
    {"--ordered", "Combine in the gate's order: bitwise reproducible", true},
    {"--json", "Print one JSON document", true},
};

struct RecordOptions {
  std::vector<std::string> values = std::vector<std::string>(std::size(kPassed));
  std::vector<char> set = std::vector<char>(std::size(kPassed));
  std::string out;
};

/// moescope-node beside this program. Throws Error when it is not there.
std::filesystem::path node_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto node = self.parent_path() / "moescope-node";
  if (error || ::access(node.c_str(), X_OK) != 0)
    throw Error(node.string(), "", "the embedded runtime is missing",
                "build the target moescope-node, it is installed beside moescope");
  return node;
}

/// Becomes the runtime: its exit code and messages are the command's.
void run(const RecordOptions& options) {
  const auto node = node_program();
  std::vector<std::string> arguments = {node.string(), "--output", options.out};
  for (std::size_t i = 0; i < std::size(kPassed); ++i) {
    if (kPassed[i].flag && options.set[i] != 0) arguments.push_back(kPassed[i].name);
    if (kPassed[i].flag || options.values[i].empty()) continue;
    arguments.push_back(kPassed[i].name);
    arguments.push_back(options.values[i]);
  }
  if (progress_wanted()) arguments.push_back("--progress");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(node.c_str(), argv.data());
  throw Error(node.string(), "", std::string("cannot be started: ") + std::strerror(errno));
}

}  // namespace

void register_record(CLI::App& app) {
  auto options = std::make_shared<RecordOptions>();
  auto* command =
      app.add_subcommand("record", "Serve an MoE model with the embedded runtime and record it");
  for (std::size_t i = 0; i < std::size(kPassed); ++i) {
    if (kPassed[i].flag)
      command->add_flag_callback(
          kPassed[i].name, [options, i] { options->set[i] = 1; }, kPassed[i].help);
    else
      command->add_option(kPassed[i].name, options->values[i], kPassed[i].help);
  }
  command->add_option("-o,--output", options->out, "Recording to write (.moetrace)")->required();
  command->callback([options] { run(*options); });
}

}  // namespace moescope
