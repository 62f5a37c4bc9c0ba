// Doing something without the rights of root, which may read and write everything.
#pragma once

#include <unistd.h>

#include <cstdlib>

namespace moescope::test {

/// Runs `body` as "nobody" when the tests run as root. False when that is not possible.
template <typename Body>
bool without_root(Body body) {
  const bool root = geteuid() == 0;
  if (root && seteuid(65534) != 0) return false;
  struct Restore {
    bool root;
    ~Restore() {
      if (root && seteuid(0) != 0) std::abort();  // every later test would fail strangely
    }
  } const restore{root};
  body();
  return true;
}

}  // namespace moescope::test
