// moescope-node with a rank that fails: faulty_node ARGUMENTS_OF_THE_NODE... RANK STEP
#include <cstdlib>
#include <vector>

#include "core/error.h"
#include "gpu/node/node_program.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int failing = std::atoi(argv[argc - 2]);
  const auto when = static_cast<std::uint32_t>(std::atoi(argv[argc - 1]));
  moescope::runtime::Faults faults;
  faults.step = [=](int rank, std::uint32_t step) {
    if (rank == failing && step == when)
      throw moescope::Error("rank " + std::to_string(rank), "step " + std::to_string(step),
                            "fails on purpose", "Run the node without a fault");
  };
  std::vector<char*> rest(argv, argv + argc - 2);
  rest.push_back(nullptr);
  return moescope::runtime::run_node(argc - 2, rest.data(), faults);
}
