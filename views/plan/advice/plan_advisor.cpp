#include "views/plan/advice/plan_advisor.h"

#include "core/advise/advise.h"
#include "core/advise/advised_command.h"
#include "core/loads/judged_windows.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr int kAskMs = 300;  ///< after the last change: files and choices come one by one

}  // namespace

struct PlanAdvisor::Given {
  Deployment deployment;
  AdviseOptions options;
  Advice advice;
  bool knows_sources = false;
  MadeFrom from;  ///< windows that made the plans
};

PlanAdvisor::PlanAdvisor(PlanDocument& document, QObject* parent)
    : QObject(parent), document_(document) {
  delay_.setSingleShot(true);
  delay_.setInterval(kAskMs);
  connect(&delay_, &QTimer::timeout, this, &PlanAdvisor::ask);
  for (const auto signal :
       {&PlanDocument::committed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &PlanAdvisor::look);
  connect(&document_.loads(), &LoadDocument::windowsChanged, this, &PlanAdvisor::look);
  connect(&document_.serving(), &ServingSetup::changed, this, &PlanAdvisor::look);
  connect(&job_, &JobRunner::progressed, this, [this](double fraction, const QString& what) {
    fraction_ = fraction;
    stage_ = what;
    Q_EMIT changed();
  });
  connect(&job_, &JobRunner::failed, this, [this](const QString& text) {
    problem_ = text;
    Q_EMIT changed();
  });
  connect(&job_, &JobRunner::cancelled, this, [this] {
    problem_ = tr("The question was cancelled.");
    Q_EMIT changed();
  });
}

PlanAdvisor::~PlanAdvisor() = default;

const Advice* PlanAdvisor::advice() const {
  return given_ ? &given_->advice : nullptr;
}

const Deployment& PlanAdvisor::deployment() const {
  return given_->deployment;
}

/// The plan that copies are counted from.
const PlanState* PlanAdvisor::inForce() const {
  if (document_.empty()) return nullptr;
  return document_.before() != nullptr ? document_.before() : &document_.state();
}

QString PlanAdvisor::obstacle() const {
  const PlanState* plan = inForce();
  if (plan == nullptr) return tr("Open or make a plan first.");
  if (!plan->has_loads())
    return document_.loadProblem().isEmpty()
               ? tr("Open loads, at best of several windows: without them nothing is known of a "
                    "change of plan.")
               : tr("The open loads do not fit the plan: %1").arg(document_.loadProblem());
  if (has_errors(plan->problems()))
    return tr("%1 has errors; see Problems.").arg(document_.beforeTitle());
  if (!plan->rule_problem().empty()) return document_.ruleText();
  if (needsChoices())
    return tr("Choose %1: the open files do not tell.")
        .arg(document_.serving().missing().join(tr(" and ")));
  return {};
}

bool PlanAdvisor::needsChoices() const {
  const PlanState* plan = inForce();
  return plan != nullptr && plan->has_loads() && !has_errors(plan->problems()) &&
         plan->rule_problem().empty() && !document_.serving().complete();
}

PlanAdvisor::Question PlanAdvisor::question() const {
  const ServingSetup& setup = document_.serving();
  Question question{
      inForce()->plan(), document_.loads().loads(), document_.loads().windows(), {}, setup.rule(),
      setup.engine()};
  for (const ServingPart part : kServingParts) question.serving << setup.name(part);
  return question;
}

void PlanAdvisor::setWatched(bool watched) {
  watched_ = watched;
  look();
}

/// An answer to another question is forgotten; a new one is asked for.
void PlanAdvisor::look() {
  const bool growing = document_.loads().growing();
  const bool possible = obstacle().isEmpty();
  bool same = possible && asked_;
  if (same) {
    Question now = question();
    if (growing) now.loads = asked_->loads, now.windows = asked_->windows;
    same = now == *asked_;
  }
  if (!same) {
    asked_.reset();
    given_.reset();
    problem_.clear();
    job_.abandon();
    problem_.clear();  // nobody cancelled
    delay_.stop();
  }
  if (!same && possible && watched_ && !growing) delay_.start();
  Q_EMIT changed();
}

void PlanAdvisor::ask() {
  delay_.stop();
  if (!obstacle().isEmpty()) return;
  asked_ = question();
  given_.reset();
  problem_.clear();
  fraction_ = 0;
  stage_.clear();
  const LoadSet& set = *asked_->loads;
  WindowRange made = asked_->windows;
  made.last = made.first + windows_to_make_from(made.count());
  job_.start(
      tr("Judging the plan"),
      [question = *asked_, origin = document_.beforeTitle().toStdString(),
       from = made_from(set, made)](Progress& progress) {
        auto given = std::make_shared<Given>();
        given->from = from;
        Deployment& d = given->deployment;
        d.hardware = load_hardware(question.serving[0].toStdString());
        d.model = load_model_shape(question.serving[1].toStdString());
        d.unit = load_unit(question.serving[2].toStdString());
        d.engine = question.engine;
        d.rule = question.rule;
        d.plan = question.plan;
        d.plan_origin = origin;
        LoadSet chosen = layers_of_plan(*question.loads, question.plan);
        const auto [first, last] = question.windows;
        chosen.windows = {chosen.windows.begin() + first, chosen.windows.begin() + last};
        if (!chosen.times.empty())
          chosen.times = {chosen.times.begin() + first, chosen.times.begin() + last};
        chosen.routes = {};
        given->knows_sources = !sources_of_plan(chosen, d.plan).empty();
        given->advice = advise(d, chosen, given->options, progress);
        return std::shared_ptr<const Given>(given);
      },
      [this](const std::shared_ptr<const Given>& given) {
        given_ = given;
        Q_EMIT changed();
      });
  Q_EMIT changed();
}

QString PlanAdvisor::ruleText() const {
  return rule_words(given_->deployment.rule, given_->knows_sources);
}

QString PlanAdvisor::command(const AdvisedAction& action) const {
  // Edited, or compared with another, the open file is not the plan in force.
  const bool in_file = !document_.modified() && document_.plan() == given_->deployment.plan;
  const QString file = in_file ? document_.file() : QString();
  const QString loads = document_.loads().files().value(0, QStringLiteral("LOADS"));
  return QString::fromStdString(command_of({loads.toStdString(), file.toStdString()},
                                           given_->deployment, given_->options, action));
}

bool PlanAdvisor::canTake(const AdvisedAction& action) const {
  if (action.kind != AdvisedKind::BoundedMigration && action.kind != AdvisedKind::FullPlan)
    return false;
  return !document_.empty() && document_.plan().num_gpus == action.plan.num_gpus &&
         document_.plan().layers() == action.plan.layers() &&
         document_.plan().slot_count() == action.plan.slot_count() &&
         document_.plan().num_experts == action.plan.num_experts;
}

void PlanAdvisor::take(const AdvisedAction& action) {
  const QString title = QString::fromStdString(action_title(action));
  try {
    document_.replace(action.plan, tr("Advised %1").arg(title), given_->from);
  } catch (const std::exception& error) {
    Q_EMIT message(QString::fromUtf8(error.what()));
    return;
  }
  Q_EMIT message(tr("The advised %1 is on the board; it can be undone.").arg(title));
}

}  // namespace moescope
