// Carries bytes between the processes of a run that share no memory.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace moescope::runtime {

/// What one process sends to another arrives in order, cut into pieces anyhow. All calls but
/// leave() come from one thread. They throw std::runtime_error when the connection is lost.
class Transport {
 public:
  struct Piece {
    int from = 0;
    std::vector<std::byte> bytes;
  };

  virtual ~Transport() = default;
  virtual int size() const = 0;
  virtual int index() const = 0;
  virtual int hosts() const = 0;
  /// Begins to send; the bytes stay where they are until sent() is true.
  virtual void send(int to, std::span<const std::byte> bytes) = 0;
  virtual bool sent(int to) = 0;
  /// What has arrived, if anything.
  virtual std::optional<Piece> receive() = 0;
  /// As Processes::leave().
  virtual void leave(int exit_code) = 0;
};

}  // namespace moescope::runtime
