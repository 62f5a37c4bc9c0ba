// Whether to change the plan in force: asked once all that the answer needs is there, kept until
// that changes.
#pragma once

#include <QObject>
#include <QTimer>
#include <memory>
#include <optional>

#include "views/common/job.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

struct Advice;
struct AdvisedAction;
struct Deployment;

class PlanAdvisor : public QObject {
  Q_OBJECT

 public:
  explicit PlanAdvisor(PlanDocument& document, QObject* parent = nullptr);
  ~PlanAdvisor() override;

  /// What has to be there first, a sentence; empty when the question can be asked.
  QString obstacle() const;
  /// Only choices of hardware, model and unit are missing, which the user can make.
  bool needsChoices() const;
  /// Null until there is one.
  const Advice* advice() const;
  /// What the advice is for. @pre advice()
  const Deployment& deployment() const;
  /// "sglang static (0.5.23): ...", with what is known of sources. @pre advice()
  QString ruleText() const;
  /// The command or launch flag of an action. @pre advice()
  QString command(const AdvisedAction& action) const;
  /// Makes the action's plan the plan on the board, as one edit. @pre advice()
  void take(const AdvisedAction& action);
  /// The action's plan has the slots of the one on the board, so that it can be taken.
  bool canTake(const AdvisedAction& action) const;

  bool running() const { return job_.running(); }
  double fraction() const { return fraction_; }
  const QString& stage() const { return stage_; }
  /// Why there is no advice though there could be one: an error, or that it was cancelled.
  const QString& problem() const { return problem_; }
  JobRunner& job() { return job_; }

  /// Asks by itself only while somebody looks; loads that are being recorded are asked for.
  void setWatched(bool watched);
  void ask();
  void cancel() { job_.cancel(); }

 Q_SIGNALS:
  void changed();                     ///< advice, obstacle, or what is being done
  void message(const QString& text);  ///< what was taken, or why it was not

 private:
  /// All that an answer depends on.
  struct Question {
    Plan plan;
    LoadsPtr loads;
    WindowRange windows;
    QStringList serving;
    ReplicaRule rule = ReplicaRule::Even;
    std::string engine;
    friend bool operator==(const Question&, const Question&) = default;
  };
  struct Given;
  Question question() const;
  const PlanState* inForce() const;
  void look();

  PlanDocument& document_;
  JobRunner job_;
  QTimer delay_;
  std::optional<Question> asked_;
  std::shared_ptr<const Given> given_;
  double fraction_ = 0;
  QString stage_, problem_;
  bool watched_ = false;
};

}  // namespace moescope
