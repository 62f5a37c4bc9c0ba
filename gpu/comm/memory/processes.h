// The processes that host the ranks of a run together, and their memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

namespace moescope::runtime {

/// Thrown in every waiting rank after one rank failed.
class Aborted : public std::runtime_error {
 public:
  Aborted() : std::runtime_error("another rank failed") {}
};

class RemoteMemory;

class Processes {
 public:
  virtual ~Processes() = default;
  virtual int size() const = 0;
  virtual int index() const = 0;
  virtual int hosts() const { return 1; }
  bool first() const { return index() == 0; }
  /// Access to the memory of the others; nullptr: all share memory.
  virtual RemoteMemory* remote() { return nullptr; }
  /// Zeroed memory of `bytes` in this process, and what the others asked for, by process: theirs
  /// or, with remote(), a stand-in whose addresses name places in theirs. Every process makes the
  /// same calls in the same order; throws std::runtime_error.
  virtual std::vector<std::span<std::byte>> allocate(std::size_t bytes) = 0;
  /// Waits for all processes; like allocate(), while the run is set up.
  virtual void barrier() = 0;
  virtual bool alive(int process) const = 0;
  /// The last call: leaves together with the others, or, when something failed (not 0), ends all of
  /// them at once and does not return. No shared memory may be touched afterwards.
  virtual void leave(int exit_code) = 0;
};

/// Which process hosts a member of a unit of `members`: blocks of neighbours.
inline int host_of(int member, int members, int processes) {
  return static_cast<int>(static_cast<long>(member) * processes / members);
}

/// The processes that mpirun started, or nothing when this one was started alone. Throws Error when
/// there are several and they cannot work together.
std::unique_ptr<Processes> join_processes();

}  // namespace moescope::runtime
