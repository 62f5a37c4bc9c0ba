// How much memory and how many threads this process may still take.
#pragma once

namespace moescope::runtime {

struct HostLimits {
  /// Bytes: free memory as the kernel estimates it, less where a cgroup or `ulimit -v` allows less;
  /// infinite when unknown.
  double memory = 0;
  /// Threads beyond those that run, by `ulimit -u`, the kernel's and the cgroup's maximum; infinite
  /// when unknown.
  double threads = 0;
};

HostLimits host_limits();

}  // namespace moescope::runtime
