#include "app/commands/load_reading_options.h"

#include "core/placement/plan.h"

namespace moescope {

void add_reading_options(CLI::App& command, LoadReading& reading) {
  using Arrays = LoadReading::Arrays;
  command
      .add_option_function<std::string>(
          "--as",
          [&reading](const std::string& text) {
            reading.arrays = text == "counts" ? Arrays::Counts : Arrays::Routes;
          },
          "What an array (.npy, .pt) holds, when its content does not tell")
      ->check(CLI::IsMember({"counts", "routes"}));
  command
      .add_option("--top-k", reading.top_k,
                  "Experts of a token in one layer, of routes that do not tell (SGLang replies)")
      ->check(CLI::Range(1, 64));
  command.add_option("--layers", reading.layers, "Layers of such routes, dense ones too")
      ->check(CLI::Range(1, kMaxPlanLayers));
  command.add_option("--experts", reading.experts, "Experts of a layer, of routes")
      ->check(CLI::Range(1, 32768));
  command.add_flag("--in-order", reading.in_order,
                   "The rows of an SGLang stat dump are in the order of time (buffer size -1)");
}

}  // namespace moescope
