#include "core/agent/metrics_poll.h"

#include <chrono>
#include <exception>

namespace moescope {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

MetricsPoll::MetricsPoll(const std::string& address, Listener listener)
    : scraper_(address), listener_(std::move(listener)), thread_([this] { run(); }) {}

MetricsPoll::~MetricsPoll() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  scraper_.stop();
  thread_.join();
}

void MetricsPoll::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    lock.lock();
    stop_.wait_for(lock, std::chrono::duration<double>(kMetricsInterval),
                   [this] { return stopping_; });
  }
}

void MetricsPoll::look() {
  try {
    ScrapedEngine engine = engine_of(scraper_.read());
    const double now = seconds_now();
    // A counter that went back belongs to an engine that was restarted.
    if (!engine.tokens_per_second && tokens_ && engine.generated_tokens &&
        *engine.generated_tokens >= *tokens_)
      engine.tokens_per_second = (*engine.generated_tokens - *tokens_) / (now - looked_);
    tokens_ = engine.generated_tokens;
    looked_ = now;
    listener_(&engine, "");
  } catch (const std::exception& error) {
    listener_(nullptr, error.what());
  }
}

}  // namespace moescope
