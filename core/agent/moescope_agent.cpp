#include "core/agent/agent_program.h"

int main(int argc, char** argv) {
  return moescope::run_agent(argc, argv);
}
