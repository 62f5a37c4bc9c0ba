// Two hosts inside this one: network namespaces with names, addresses and clocks of their own.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/run_program.h"

namespace moescope::test {

class Hosts {
 public:
  /// Why this machine cannot have them; empty: it can.
  static std::string problem();
  Hosts();
  /// Ends whatever runs on them. They also go when this program is killed.
  ~Hosts();
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  /// Runs `command` in `processes` processes on each host. MPI's data goes over one network, its
  /// control over another; a connection of the latter that is silent for 11 s is given up.
  std::vector<std::string> mpirun(int processes, const std::vector<std::string>& command) const;
  /// Takes the cable out, for good.
  void cut_data();
  void cut_all();
  /// Process `index` of the MPI run; -1: none.
  pid_t process(int index) const;
  /// Programs that run on the hosts, by id.
  std::vector<pid_t> running() const;

  /// How far the clock of the second host is ahead.
  static constexpr int kAheadSeconds = 5000;

 private:
  void on(std::size_t host, const std::string& command) const;
  bool is_on_one(const std::filesystem::path& process) const;

  TempFolder folder_;
  std::vector<std::unique_ptr<StartedProgram>> holders_;
  std::array<pid_t, 2> pids_{};
  std::array<std::filesystem::path, 2> networks_;
};

}  // namespace moescope::test
