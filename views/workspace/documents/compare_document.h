// What is held against what: another trace, a step, a time before a change of plan, other loads, or
// another plan.
#pragma once

#include <QObject>
#include <QStringList>
#include <vector>

#include "core/analysis/results.h"
#include "core/trace/trace.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

/// Two steps of the open trace, by their index among its steps.
struct ComparedSteps {
  std::size_t a = 0, b = 0;
  friend bool operator==(const ComparedSteps&, const ComparedSteps&) = default;
};

/// A span that was chosen in the lanes of the side that the open trace is held against.
struct OtherSpan {
  TracePtr trace;
  AnalysisPtr analysis;
  SpanRef ref;   ///< invalid: none is chosen
  QString side;  ///< "A: before.json"
};

class CompareDocument : public QObject {
  Q_OBJECT

 public:
  enum class Kind {
    Nothing,
    Trace,       ///< another trace is A, the open one B
    Steps,       ///< two steps of the open trace
    PlanChange,  ///< the open recording before and after a change of plan
    Loads,       ///< other expert loads are A, the open ones B
    Plans,       ///< another plan is A, the open one B
  };

  explicit CompareDocument(QObject* parent = nullptr) : QObject(parent) {}

  Kind kind() const { return kind_; }
  /// What was before, A; null unless another trace is compared. The open trace is B.
  const TracePtr& before() const { return before_; }
  const QStringList& files() const { return files_; }  ///< of A, unless it is in the open trace
  const ComparedSteps& steps() const { return steps_; }
  std::uint64_t epoch() const { return epoch_; }  ///< of the plan whose change is looked at
  const std::vector<LoadsPtr>& loadsBefore() const { return loads_; }  ///< a set for each unit
  const PlanPtr& planBefore() const { return plan_; }

  /// Null: nothing is compared.
  void setBefore(TracePtr trace, QStringList files) {
    set(trace ? Kind::Trace : Kind::Nothing);
    before_ = std::move(trace);
    files_ = std::move(files);
    Q_EMIT changed();
  }
  void setLoads(std::vector<LoadsPtr> loads, QStringList files) {
    set(Kind::Loads);
    loads_ = std::move(loads);
    files_ = std::move(files);
    Q_EMIT changed();
  }
  void setPlan(PlanPtr plan, const QString& file) {
    set(Kind::Plans);
    plan_ = std::move(plan);
    files_ = QStringList{file};
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
  /// Asks the user for a file to hold against what is open.
  void askForFile() { Q_EMIT fileWanted(); }

  const OtherSpan& otherSpan() const { return other_span_; }
  void setOtherSpan(OtherSpan span) {
    other_span_ = std::move(span);
    Q_EMIT otherSpanChanged();
  }

 Q_SIGNALS:
  void changed();
  void shown();  ///< the comparison is to be seen
  void fileWanted();
  void otherSpanChanged();

 private:
  void set(Kind kind) {
    kind_ = kind;
    before_ = nullptr;
    files_.clear();
    loads_.clear();
    plan_ = nullptr;
    if (other_span_.ref.valid()) setOtherSpan({});
  }

  Kind kind_ = Kind::Nothing;
  TracePtr before_;
  QStringList files_;
  ComparedSteps steps_;
  std::uint64_t epoch_ = 0;
  std::vector<LoadsPtr> loads_;
  PlanPtr plan_;
  OtherSpan other_span_;
};

}  // namespace moescope
