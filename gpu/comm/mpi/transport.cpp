// Processes of several hosts under MPI: their bytes are plain MPI messages.
#include <utility>
#include <vector>

#include "gpu/comm/mpi/world.h"

namespace moescope::runtime::mpi {
namespace {

constexpr int kTag = 1;

// Nothing here blocks: on a broken network MPI would block forever.
class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(const World& world)
      : world_(world), sends_(static_cast<std::size_t>(world.size), MPI_REQUEST_NULL) {}

  int size() const override { return world_.size; }
  int index() const override { return world_.index; }
  int hosts() const override { return world_.hosts; }

  void send(int to, std::span<const std::byte> bytes) override {
    check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, kTag,
                    MPI_COMM_WORLD, &sends_[static_cast<std::size_t>(to)]),
          "MPI_Isend");
  }

  bool sent(int to) override {
    int done = 0;
    check(MPI_Test(&sends_[static_cast<std::size_t>(to)], &done, MPI_STATUS_IGNORE), "MPI_Test");
    return done != 0;
  }

  std::optional<Piece> receive() override {
    if (receiving_ == MPI_REQUEST_NULL) {
      int there = 0, bytes = 0;
      MPI_Message message = MPI_MESSAGE_NULL;
      MPI_Status status;
      check(MPI_Improbe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &there, &message, &status),
            "MPI_Improbe");
      if (there == 0) return std::nullopt;
      MPI_Get_count(&status, MPI_BYTE, &bytes);
      piece_.from = status.MPI_SOURCE;
      piece_.bytes.resize(static_cast<std::size_t>(bytes));
      check(MPI_Imrecv(piece_.bytes.data(), bytes, MPI_BYTE, &message, &receiving_), "MPI_Imrecv");
    }
    int done = 0;
    check(MPI_Test(&receiving_, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) return std::nullopt;
    return std::move(piece_);
  }

  void leave(int exit_code) override {
    if (exit_code != 0) return abort(exit_code);
    MPI_Finalize();
  }

 private:
  World world_;
  std::vector<MPI_Request> sends_;  ///< [process]
  MPI_Request receiving_ = MPI_REQUEST_NULL;
  Piece piece_;
};

}  // namespace

std::unique_ptr<Transport> message_transport(const World& world) {
  return std::make_unique<MpiTransport>(world);
}

}  // namespace moescope::runtime::mpi
