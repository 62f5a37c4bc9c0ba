// Processes on several hosts: each keeps the memory of its ranks, and one thread of each serves
// requests of the others.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "gpu/comm/memory/pages.h"
#include "gpu/comm/memory/processes.h"
#include "gpu/comm/memory/remote_memory.h"
#include "gpu/comm/memory/transport.h"

namespace moescope::runtime {

class RemoteProcesses final : public Processes, public RemoteMemory {
 public:
  /// A process that is silent for this long counts as lost: a cut network gives no other sign.
  static constexpr std::chrono::seconds kSilence{15};
  explicit RemoteProcesses(std::unique_ptr<Transport> transport,
                           std::chrono::nanoseconds silence = kSilence);
  ~RemoteProcesses() override;
  RemoteProcesses(const RemoteProcesses&) = delete;
  RemoteProcesses& operator=(const RemoteProcesses&) = delete;

  int size() const override { return transport_->size(); }
  int index() const override { return transport_->index(); }
  int hosts() const override { return transport_->hosts(); }
  RemoteMemory* remote() override { return this; }
  std::vector<std::span<std::byte>> allocate(std::size_t bytes) override;
  void barrier() override;
  bool alive(int process) const override;
  void leave(int exit_code) override;

  void put(const void* place, std::span<const std::byte> bytes) override;
  void add(const std::atomic<std::uint64_t>& counter, std::uint64_t value,
           const NotifyEvent* event) override;
  void get(std::span<const Fetch> fetches, const Check& check) override;
  int add_mailbox() override { return mailboxes_made_++; }
  void post(int to, int mailbox, std::span<const std::byte> message) override;
  std::vector<std::byte> take(int from, int mailbox, const Check& check) override;
  void fail(const std::string& reason) noexcept override;
  bool failed() const override { return failed_.load(std::memory_order_acquire); }
  std::string failure() const override;
  ClockOffset clock_at_start(int process) const override;
  ClockOffset clock_now(int process) const override;

 private:
  static constexpr int kClockSamples = 20;
  enum class Kind : std::int32_t;
  struct Front;
  struct Peer;
  struct Answer {
    std::vector<std::byte> bytes;
    bool here = false;
  };
  struct Where {
    int process = 0, region = 0;
    std::size_t offset = 0;
  };
  std::span<std::byte> map(int region, int process, std::size_t bytes);
  Where find(const void* place) const;
  std::span<std::byte> own(int region, std::size_t offset, std::size_t bytes) const;
  void send(int to, const Front& front, std::span<const std::byte> rest = {});
  void send_all(const Front& front, std::span<const std::byte> rest = {});
  /// Waits for what the wire thread brings.
  template <typename Ready>
  void await(const Ready& ready, const Check& check);
  void check_set_up() const;
  void measure_clocks();

  // The wire thread.
  void run();
  bool send_some();
  bool all_sent();
  bool receive_some();
  void rest(int idle);
  void keep_in_touch();
  void ping(int process);
  void serve(int from, const Front& front, std::span<const std::byte> rest);
  void note_clock(int from, std::int64_t asked, std::int64_t there);
  void set_failure(std::string reason) noexcept;
  void stop();

  std::unique_ptr<Transport> transport_;
  std::int64_t silence_;
  std::vector<std::unique_ptr<Peer>> peers_;  ///< [process]; the own one is unused

  mutable std::shared_mutex memory_mutex_;
  std::vector<Pages> pages_;
  std::map<const std::byte*, Where> places_;                ///< by begin of a region's part
  std::vector<std::vector<std::span<std::byte>>> regions_;  ///< [region][process]

  std::mutex out_mutex_;  ///< guards what is to be sent, and `stopping_`
  std::condition_variable wake_;
  bool stopping_ = false;

  mutable std::mutex in_mutex_;  ///< guards what came in
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>>
      mailboxes_;  ///< [process, mailbox]
  std::map<std::uint64_t, std::shared_ptr<Answer>> asked_;
  std::uint64_t questions_ = 0;
  std::string failure_;
  std::atomic<bool> failed_{false};

  int mailboxes_made_ = 0;
  std::uint64_t barriers_ = 0;
  std::int64_t last_round_ = 0, last_ping_ = 0;  ///< ns, of the wire thread
  std::thread thread_;
};

}  // namespace moescope::runtime
