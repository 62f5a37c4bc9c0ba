// Background work for the window: started, superseded, cancelled, delivered on the GUI thread.
#pragma once

#include <QMetaObject>
#include <QObject>
#include <QPointer>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>

#include "core/executor.h"
#include "core/progress.h"

namespace moescope {

/// Runs one job at a time for its owner. Starting another cancels the one before, whose result is
/// dropped, without waiting for it; the destructor cancels and waits. All signals arrive on the
/// thread that owns the object.
class JobRunner : public QObject {
  Q_OBJECT

 public:
  explicit JobRunner(QObject* parent = nullptr) : QObject(parent) {}
  ~JobRunner() override {
    running_ = false;  // listeners may be half destroyed
    retire();
    tasks_.wait();
  }

  bool running() const { return running_; }
  QString title() const { return title_; }

  /// Calls `work(Progress&)` on a thread of the executor, then `done(result)` here. Errors go to
  /// failed().
  template <typename Work, typename Done>
  void start(const QString& title, Work work, Done done) {
    retire();
    using Result = std::invoke_result_t<Work, Progress&>;
    const auto generation = ++generation_;
    const auto deliver = [this, generation](std::function<void()> call) {
      QMetaObject::invokeMethod(
          this,
          [this, generation, call = std::move(call)] {
            if (generation == generation_) call();
          },
          Qt::QueuedConnection);
    };
    progress_ = std::make_shared<Progress>([this, deliver](double fraction, std::string_view what) {
      deliver([this, fraction,
               text = QString::fromUtf8(what.data(), static_cast<qsizetype>(what.size()))] {
        Q_EMIT progressed(fraction, text);
      });
    });
    title_ = title;
    running_ = true;
    Q_EMIT started(title);
    tasks_.run(
        [deliver, this, progress = progress_, work = std::move(work), done = std::move(done)] {
          try {
            auto result = std::make_shared<Result>(work(*progress));
            deliver([this, result, done] {
              finish();
              done(std::move(*result));
            });
          } catch (const Cancelled&) {
            deliver([this] {
              finish();
              Q_EMIT cancelled();
            });
          } catch (const std::exception& error) {
            deliver([this, text = QString::fromUtf8(error.what())] {
              finish();
              Q_EMIT failed(text);
            });
          }
        });
  }

  /// Asks the job to stop; cancelled() follows when it did. A job past its last check still
  /// delivers, for work whose result is valid anyway.
  void cancel() {
    if (progress_) progress_->cancel();
  }

  /// Cancels without waiting and drops the result, for work on something that no longer exists.
  void abandon() {
    const bool ran = running_;
    retire();
    if (ran) Q_EMIT cancelled();
  }

 Q_SIGNALS:
  void started(const QString& title);
  void progressed(double fraction, const QString& what);
  void finished();  ///< after done, cancelled or failed
  void cancelled();
  void failed(const QString& message);

 private:
  void finish() {
    running_ = false;
    Q_EMIT finished();
  }
  /// Cancels and drops the result of the job that runs, without waiting for it.
  void retire() {
    cancel();
    ++generation_;
    tasks_.clear();
    if (running_) finish();
  }

  TaskGroup tasks_;  ///< the job, and those before it that have not ended yet
  std::shared_ptr<Progress> progress_;
  quint64 generation_ = 0;
  bool running_ = false;
  QString title_;
};

}  // namespace moescope
