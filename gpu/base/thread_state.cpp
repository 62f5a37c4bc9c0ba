#include "gpu/base/thread_state.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace moescope::runtime {

std::optional<ThreadState> thread_state(std::int64_t process, std::int64_t thread) {
  std::ifstream in("/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) +
                   "/stat");
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  // The name, in brackets, may hold anything.
  const auto name = line.rfind(')');
  if (name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name + 1));
  ThreadState result;
  fields >> result.state;
  std::int64_t ignored = 0, user = 0, system = 0;
  for (int field = 4; field < 14; ++field) fields >> ignored;
  if (!(fields >> user >> system)) return std::nullopt;
  result.processor =
      static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return result;
}

std::int64_t this_thread() {
  return ::syscall(SYS_gettid);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "?";
  return name.data();
}

}  // namespace moescope::runtime
