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
          "What an array (.npy, .pt) holds, when its content is ambiguous")
      ->check(CLI::IsMember({"counts", "routes"}));
  command
      .add_option(
          "--top-k", reading.top_k,
          "Experts per token in one layer, for routes that do not state it (SGLang replies)")
      ->check(CLI::Range(1, 64));
  command.add_option("--layers", reading.layers, "Layers of such routes, including dense ones")
      ->check(CLI::Range(1, kMaxPlanLayers));
  command.add_option("--experts", reading.experts, "Experts per layer, for routes")
      ->check(CLI::Range(1, 32768));
  command.add_flag("--in-order", reading.in_order,
                   "The rows of an SGLang stat dump are in the order of time (buffer size -1)");
}

std::string reading_hint(const LoadSet& loads) {
  if (loads.format.starts_with("routes ("))
    return "--top-k and --experts set what routes do not state; --as counts reads numbers of "
           "tokens";
  if (loads.format == "SGLang recorder (stat)" && !loads.ordered_in_time)
    return "--in-order states that the windows are in the order of time";
  return {};
}

}  // namespace moescope
