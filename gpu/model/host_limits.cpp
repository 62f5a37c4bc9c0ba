#include "gpu/model/host_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace moescope::runtime {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

/// A file that holds one number; nothing where it is absent or says "max".
std::optional<double> number_in(const std::string& file) {
  std::ifstream in(file);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// The number after a key that begins a line.
std::optional<double> number_of(const std::string& file, const std::string& wanted) {
  std::ifstream in(file);
  std::string key, rest;
  double value = 0;
  while (in >> key) {
    if (key == wanted && in >> value) return value;
    std::getline(in, rest);
  }
  return std::nullopt;
}

/// Page cache counts as used memory of a cgroup, but makes room when it is needed.
double page_cache(const std::string& folder) {
  const std::string file = folder + "memory.stat";
  return number_of(file, "inactive_file").value_or(0) + number_of(file, "active_file").value_or(0);
}

/// What the cgroups of this process leave of a resource with a maximum, the innermost first: a
/// parent may allow less than its child.
double left_in_cgroups(const std::string& resource) {
  std::ifstream in("/proc/self/cgroup");
  std::string line, path;
  while (std::getline(in, line))
    if (line.rfind("0::", 0) == 0) path = line.substr(3);
  double left = kUnknown;
  for (;;) {
    const std::string folder = "/sys/fs/cgroup" + (path == "/" ? "" : path) + "/";
    if (const auto most = number_in(folder + resource + ".max")) {
      double used = number_in(folder + resource + ".current").value_or(0);
      if (resource == "memory") used -= std::min(used, page_cache(folder));
      left = std::min(left, *most - used);
    }
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || path.size() <= 1) break;
    path.resize(std::max<std::size_t>(slash, 1));
  }
  return std::max(left, 0.0);
}

double under(int resource, double used) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY)
    return kUnknown;
  return std::max(static_cast<double>(limit.rlim_cur) - used, 0.0);
}

}  // namespace

HostLimits host_limits() {
  constexpr double kKib = 1024;
  HostLimits limits{kUnknown, kUnknown};
  limits.memory =
      std::min({number_of("/proc/meminfo", "MemAvailable:").value_or(kUnknown) * kKib,
                left_in_cgroups("memory"),
                under(RLIMIT_AS, number_of("/proc/self/status", "VmSize:").value_or(0) * kKib)});
  // Root is not held to `ulimit -u`. What others of the user run counts too, and is unknown here.
  if (::geteuid() != 0) limits.threads = under(RLIMIT_NPROC, 0);
  limits.threads = std::min({limits.threads, left_in_cgroups("pids"),
                             number_in("/proc/sys/kernel/threads-max").value_or(kUnknown),
                             // The stack of a thread and the page that guards it are two mappings.
                             number_in("/proc/sys/vm/max_map_count").value_or(kUnknown) / 2});
  return limits;
}

}  // namespace moescope::runtime
