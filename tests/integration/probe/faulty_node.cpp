// moescope-node with a rank that fails: faulty_node ARGUMENTS_OF_THE_NODE... RANK STEP
// With MOESCOPE_HANG=SECONDS the rank does nothing for so long instead, with MOESCOPE_SPIN=SECONDS
// it computes for so long.
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/error.h"
#include "gpu/node/node_program.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int failing = std::atoi(argv[argc - 2]);
  const auto when = static_cast<std::uint32_t>(std::atoi(argv[argc - 1]));
  moescope::runtime::Faults faults;
  const auto seconds_of = [](const char* name) {
    const char* text = std::getenv(name);
    return std::chrono::seconds(text == nullptr ? 0 : std::atoi(text));
  };
  const auto hang = seconds_of("MOESCOPE_HANG"), spin = seconds_of("MOESCOPE_SPIN");
  faults.step = [=](int rank, std::uint32_t step) {
    if (rank != failing || step != when) return;
    std::this_thread::sleep_for(hang);
    for (const auto until = std::chrono::steady_clock::now() + spin;
         std::chrono::steady_clock::now() < until;) {
    }
    if (hang.count() == 0 && spin.count() == 0)
      throw moescope::Error("rank " + std::to_string(rank), "step " + std::to_string(step),
                            "fails on purpose", "Run the node without a fault");
  };
  std::vector<char*> rest(argv, argv + argc - 2);
  rest.push_back(nullptr);
  return moescope::runtime::run_node(argc - 2, rest.data(), faults);
}
