#include "gpu/node/node_program.h"

int main(int argc, char** argv) {
  return moescope::runtime::run_node(argc, argv);
}
