#include "core/cluster/grpc/telemetry_service.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/cluster/grpc/control_service.h"
#include "core/error.h"

namespace moescope {
namespace {

/// More credits than this are no wish of a viewer of ours.
constexpr std::uint32_t kMaxCredits = 1024;

/// One viewer. A thread of its own waits for batches: publishing never waits for gRPC.
class SubscribeCall final : public grpc::ServerBidiReactor<wire::Credit, wire::Frame> {
 public:
  explicit SubscribeCall(const grpc::Status& refusal) { Finish(refusal); }
  explicit SubscribeCall(std::unique_ptr<Subscription> viewer) : viewer_(std::move(viewer)) {
    StartRead(&credit_);
    thread_ = std::thread([this] { send(); });
  }

  void OnReadDone(bool ok) override {
    if (!ok) return viewer_->cancel();  // the viewer ended the call or is gone
    viewer_->grant(std::min(credit_.frames(), kMaxCredits));
    StartRead(&credit_);
  }
  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    writing_ = false;
    broken_ = !ok;
    written_.notify_all();
  }
  void OnCancel() override {
    if (viewer_) viewer_->cancel();
  }
  void OnDone() override {
    if (thread_.joinable()) thread_.join();
    delete this;
  }

 private:
  void send() {
    while (auto batch = viewer_->wait_next()) {
      frame_.set_batch(std::move(*batch));
      writing_ = true;
      StartWrite(&frame_);
      std::unique_lock lock(mutex_);
      written_.wait(lock, [&] { return !writing_; });
      if (broken_) break;
    }
    Finish(viewer_->displaced()
               ? grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                              "was idle for too long, and another viewer needed its place",
                              "Attach again")
               : grpc::Status::OK);
  }

  std::unique_ptr<Subscription> viewer_;  ///< nullptr: refused
  wire::Credit credit_;
  wire::Frame frame_;
  std::mutex mutex_;  ///< guards the next two
  std::condition_variable written_;
  bool writing_ = false, broken_ = false;
  std::thread thread_;
};

}  // namespace

grpc::ServerBidiReactor<wire::Credit, wire::Frame>* TelemetryService::Subscribe(
    grpc::CallbackServerContext* context) {
  Caller caller;
  if (auto status = guard_.admit(*context, caller); !status.ok()) return new SubscribeCall(status);
  try {
    control_.check_serving();
    return new SubscribeCall(publisher_.subscribe({caller.name, caller.identity, caller.role}, 0));
  } catch (const TooManyViewers& error) {
    return new SubscribeCall(
        grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, error.problem(), error.remedy()));
  } catch (const std::exception& problem) {
    return new SubscribeCall(status_of(problem));
  }
}

}  // namespace moescope
