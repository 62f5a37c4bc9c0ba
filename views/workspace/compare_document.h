// What is held against what: another trace, a step, or a time before a change of plan.
#pragma once

#include <QObject>
#include <QStringList>
#include <optional>

#include "core/trace/trace.h"

namespace moescope {

/// Two steps of the open trace, by their index among its steps.
struct ComparedSteps {
  std::size_t a = 0, b = 0;
  friend bool operator==(const ComparedSteps&, const ComparedSteps&) = default;
};

class CompareDocument : public QObject {
  Q_OBJECT

 public:
  enum class Kind {
    Nothing,
    Trace,       ///< another trace is A, the open one B
    Steps,       ///< two steps of the open trace
    PlanChange,  ///< the open recording before and after a change of plan
  };

  explicit CompareDocument(QObject* parent = nullptr) : QObject(parent) {}

  Kind kind() const { return kind_; }
  /// What was before, A; null unless another trace is compared. The open trace is B.
  const TracePtr& before() const { return before_; }
  const QStringList& files() const { return files_; }
  const ComparedSteps& steps() const { return steps_; }
  std::uint64_t epoch() const { return epoch_; }  ///< of the plan whose change is looked at

  /// Null: nothing is compared.
  void setBefore(TracePtr trace, QStringList files) {
    set(trace ? Kind::Trace : Kind::Nothing);
    before_ = std::move(trace);
    files_ = std::move(files);
    Q_EMIT changed();
  }
  void setSteps(ComparedSteps steps) {
    set(Kind::Steps);
    steps_ = steps;
    Q_EMIT changed();
    Q_EMIT shown();
  }
  void setPlanChange(std::uint64_t epoch) {
    set(Kind::PlanChange);
    epoch_ = epoch;
    Q_EMIT changed();
    Q_EMIT shown();
  }
  /// Another trace is open: parts of the one before are not compared any more.
  void forgetParts() {
    if (kind_ == Kind::Steps || kind_ == Kind::PlanChange) setBefore(nullptr, {});
  }
  /// Asks the user for a trace to hold against the open one.
  void askForTrace() { Q_EMIT traceWanted(); }

 Q_SIGNALS:
  void changed();
  void shown();  ///< the comparison is to be seen
  void traceWanted();

 private:
  void set(Kind kind) {
    kind_ = kind;
    before_ = nullptr;
    files_.clear();
  }

  Kind kind_ = Kind::Nothing;
  TracePtr before_;
  QStringList files_;
  ComparedSteps steps_;
  std::uint64_t epoch_ = 0;
};

}  // namespace moescope
