#include "views/workspace/documents/plan_document.h"

#include <QFileInfo>
#include <QUndoCommand>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/loads/judged_windows.h"
#include "core/simulate/model/model.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxPlanBytes = std::size_t{256} << 20;

qint64 expert_size(const ModelShape& model) {
  return static_cast<qint64>(std::llround(model.expert_bytes()));
}

QString message_of(const std::exception& error) {
  return QString::fromUtf8(error.what());
}

}  // namespace

class PlanEditCommand : public QUndoCommand {
 public:
  PlanEditCommand(PlanDocument& document, PlanEdit edit, const QString& text,
                  std::optional<MadeFrom> from)
      : QUndoCommand(text),
        document_(document),
        edit_(std::move(edit)),
        from_before_(document.madeFrom()),
        from_after_(std::move(from)) {}
  void redo() override { document_.applyEdit(edit_, from_after_); }
  void undo() override { document_.applyEdit(inverse(edit_), from_before_); }

 private:
  PlanDocument& document_;
  PlanEdit edit_;
  std::optional<MadeFrom> from_before_, from_after_;
};

class ConstraintsCommand : public QUndoCommand {
 public:
  ConstraintsCommand(PlanDocument& document, PlanConstraints after, const QString& text)
      : QUndoCommand(text),
        document_(document),
        before_(document.constraints()),
        after_(std::move(after)) {}
  void redo() override { document_.applyConstraints(after_); }
  void undo() override { document_.applyConstraints(before_); }

 private:
  PlanDocument& document_;
  PlanConstraints before_, after_;
};

PlanDocument::PlanDocument(LoadDocument& loads, QObject* parent) : QObject(parent), loads_(loads) {
  connect(&undo_, &QUndoStack::cleanChanged, this, &PlanDocument::fileChanged);
  connect(&loads_, &LoadDocument::loadsChanged, this, &PlanDocument::takeLoads);
  connect(&loads_, &LoadDocument::windowsChanged, this, &PlanDocument::takeLoads);
  connect(&loads_, &LoadDocument::planChanged, this, &PlanDocument::adopt);
  // What was the running plan may no longer be running.
  connect(&loads_, &LoadDocument::runningPlanChanged, this, &PlanDocument::fileChanged);
  connect(&loads_, &LoadDocument::engineChanged, this, &PlanDocument::servingChanged);
  connect(&serving_, &ServingSetup::changed, this, &PlanDocument::servingChanged);
  adopt();
}

void PlanDocument::assume(const QString& model, int units) {
  const ModelShape shape = load_model_shape(model.toStdString());
  assume(QString::fromStdString(shape.title), expert_size(shape), units);
}

/// Its experts are those of the plan, until the user says otherwise.
void PlanDocument::assume(const QString& model, qint64 expert_bytes, int units) {
  assumptions_.model = guessed_model_ = model;
  assumptions_.expert_bytes = expert_bytes;
  assumptions_.units = units;
}

/// The watched runtime reports the size of its experts; otherwise it is that of the model that is
/// found or chosen. Where neither is known nothing is assumed.
void PlanDocument::guessAssumptions() {
  if (!state_ || assumptions_.model != guessed_model_) return;
  const auto& engine = loads_.engine();
  const QString& model = serving_.name(ServingPart::Model);
  const bool reported = adopted_ && engine && engine->expert_bytes > 0;
  if (reported && !serving_.chosen(ServingPart::Model))
    assume(tr("the watched runtime"), engine->expert_bytes, engine->units);
  else if (model.isEmpty())
    assume({}, 0, 1);
  else
    assume(model, reported ? engine->units : 1);
}

void PlanDocument::inferServing() {
  serving_.infer(state_ ? &state_->plan() : nullptr, loads_.loads().get());
  loads_.setRule(serving_.rule());
}

/// Both plans are judged by the same rule.
void PlanDocument::applyRule() {
  for (PlanState* state : {state_.get(), before_ ? &*before_ : nullptr})
    if (state != nullptr) state->set_rule(serving_.rule(), sources_);
}

void PlanDocument::servingChanged() {
  loads_.setRule(serving_.rule());
  if (empty()) return;
  applyRule();
  guessAssumptions();
  applyAssumptions();
  Q_EMIT figuresChanged();
}

PlanCopies PlanDocument::moves() const {
  return moves(empty() ? 0 : state_->copies());
}

PlanCopies PlanDocument::moves(std::int64_t copies) const {
  return {.slots_changed = 0,
          .copies = copies,
          .units = assumptions_.units,
          .expert_bytes = assumptions_.expert_bytes > 0
                              ? std::optional(static_cast<double>(assumptions_.expert_bytes))
                              : std::nullopt};
}

bool PlanDocument::runs(const Plan& plan) const {
  return loads_.runningPlan() && *loads_.runningPlan() == plan;
}

QString PlanDocument::name() const {
  if (!file_.isEmpty()) return QFileInfo(file_).fileName();
  if (!adopted_) return name_;
  return runs(*adopted_) ? tr("running plan") : tr("plan that ran");
}

QString PlanDocument::title() const {
  if (file_.isEmpty() && !empty() && !previewing() && runs(plan())) return tr("running plan");
  return modified() ? tr("%1, edited").arg(name()) : name();
}

QString PlanDocument::beforeName() const {
  if (!before_is_first_) return before_name_;
  if (!adopted_) return tr("as opened");
  return runs(*adopted_) ? tr("running plan") : tr("plan that ran");
}

QString PlanDocument::beforeTitle() const {
  return before_is_first_ && !adopted_ ? tr("%1 as opened").arg(name()) : beforeName();
}

void PlanDocument::open(Plan plan, PlanConstraints constraints, const QString& file,
                        const QString& name) {
  install(std::make_unique<PlanState>(std::move(plan)), std::move(constraints), file, name);
}

void PlanDocument::recover(Plan plan, PlanConstraints constraints, const QString& file) {
  open(std::move(plan), std::move(constraints), file, tr("recovered plan"));
  undo_.resetClean();
  Q_EMIT fileChanged();
}

void PlanDocument::install(std::unique_ptr<PlanState> state, PlanConstraints constraints,
                           const QString& file, const QString& name, PlanPtr adopted) {
  preview_.reset();
  undo_.clear();
  state_ = std::move(state);
  constraints_ = std::move(constraints);
  file_ = file;
  name_ = name;
  adopted_ = std::move(adopted);
  made_from_.reset();
  origin_.reset();
  origin_tried_.reset();
  before_.reset();
  before_name_.clear();
  sources_.reset();  // may be of another number of ranks
  before_is_first_ = state_ != nullptr;
  if (state_) {
    before_.emplace(state_->plan());
    state_->set_reference(std::make_shared<const Plan>(state_->plan()));
    inferServing();
    guessAssumptions();
    applyAssumptions();
  } else {
    inferServing();
    loads_.setJudged(std::nullopt);
  }
  publish();
  takeLoads();
  Q_EMIT replaced();
  Q_EMIT fileChanged();
}

void PlanDocument::close() {
  install(nullptr, {}, {}, {});
}

void PlanDocument::setSaved(const QString& file) {
  file_ = file;
  undo_.setClean();
  Q_EMIT fileChanged();
}

QString PlanDocument::objection(const PlanEdit& edit) const {
  for (const SlotChange& c : edit.changes) {
    if (c.before.expert == c.after.expert) continue;
    const int layer = plan().layer_id(c.layer);
    if (constraints_.is_pinned(c.layer, c.slot))
      return tr("Slot %1 of layer %2 is pinned to expert %3. Unpin it first.")
          .arg(c.slot)
          .arg(layer)
          .arg(c.before.expert);
    const int per_gpu = state_->slots_per_gpu(c.layer);
    if (per_gpu > 0 && constraints_.is_forbidden(c.layer, c.slot / per_gpu, c.after.expert))
      return tr("Expert %1 is forbidden on GPU %2 in layer %3. Allow it first.")
          .arg(c.after.expert)
          .arg(c.slot / per_gpu)
          .arg(layer);
    if (per_gpu > 0 && c.after.expert != kNoExpert && plan().dead(c.slot / per_gpu) &&
        edit.dead_after == edit.dead_before)
      return tr("GPU %1 is marked as failed. Mark it as alive first.").arg(c.slot / per_gpu);
  }
  return {};
}

bool PlanDocument::edit(const PlanEdit& edit, const QString& text) {
  preview(std::nullopt);
  if (empty() || edit.empty()) return false;
  if (const QString why = objection(edit); !why.isEmpty()) {
    Q_EMIT refused(why);
    return false;
  }
  undo_.push(new PlanEditCommand(*this, edit, text, made_from_));
  return true;
}

void PlanDocument::replace(const Plan& plan, const QString& text, std::optional<MadeFrom> from) {
  preview(std::nullopt);
  const PlanEdit edit = difference(this->plan(), plan);
  if (!edit.empty())
    undo_.push(new PlanEditCommand(*this, edit, text, std::move(from)));
  else if (from)
    setMadeFrom(std::move(*from));
}

void PlanDocument::setMadeFrom(MadeFrom from) {
  made_from_ = std::move(from);
  takeLoads();
}

void PlanDocument::setOrigin(std::optional<PlanOrigin> origin) {
  origin_ = std::move(origin);
  origin_tried_.reset();
  takeLoads();
}

/// Whether the open loads are those that the plan's file names.
void PlanDocument::findOrigin() {
  const LoadsPtr& loads = loads_.loads();
  if (!origin_ || made_from_ || !loads || loads == origin_tried_) return;
  origin_tried_ = loads;
  if (origin_->last > static_cast<int>(loads->windows.size()) ||
      digest_of_loads(loads->windows) != origin_->digest)
    return;
  made_from_ = made_from(*loads, {origin_->first, origin_->last});
  origin_.reset();
}

PlanJudgement PlanDocument::judgement() const {
  if (!loads_.loads()) return {};
  const LoadSet& loads = *loads_.loads();
  const WindowRange chosen = loads_.windows();
  const auto made = made_from_ ? windows_that_made(*made_from_, loads, chosen) : std::nullopt;
  const JudgedWindows judged = judged_windows(chosen.count(), made);
  return {{chosen.first + judged.first, chosen.first + judged.last},
          judged.held_out,
          QString::fromStdString(judgement_text(chosen.first, chosen.last,
                                                static_cast<int>(loads.windows.size()), made))};
}

QString PlanDocument::underRule() const {
  return tr("under %1").arg(serving_.ruleTitle());
}

QString PlanDocument::ruleText() const {
  const std::string problem = empty() ? std::string() : state_->rule_problem();
  if (!problem.empty())
    return tr("%1 cannot be followed: %2")
        .arg(serving_.ruleTitle(), QString::fromStdString(problem));
  return rule_words(serving_.rule(), sources_ != nullptr);
}

void PlanDocument::setConstraints(PlanConstraints constraints, const QString& text) {
  if (empty() || constraints == constraints_) return;
  undo_.push(new ConstraintsCommand(*this, std::move(constraints), text));
}

void PlanDocument::applyEdit(const PlanEdit& edit, const std::optional<MadeFrom>& from) {
  preview(std::nullopt);
  state_->apply(edit);
  const bool other_origin = made_from_ != from;
  made_from_ = from;
  publish();
  if (edit.weighted_before != edit.weighted_after) inferServing();  // the rule may be the weights'
  if (other_origin) takeLoads();                                    // other windows judge it
  Q_EMIT changed();
  Q_EMIT committed();
}

void PlanDocument::applyConstraints(const PlanConstraints& constraints) {
  constraints_ = constraints;
  Q_EMIT constraintsChanged();
}

void PlanDocument::preview(const std::optional<PlanEdit>& edit) {
  if (empty() || (!edit && !preview_) || (edit && preview_ == edit)) return;
  if (preview_) state_->apply(inverse(*preview_));
  preview_ = edit;
  if (preview_) state_->apply(*preview_);
  Q_EMIT changed();
}

void PlanDocument::publish() {
  publishing_ = true;
  loads_.setPlan(state_ ? std::make_shared<const Plan>(state_->plan()) : nullptr);
  publishing_ = false;
}

/// Another part reported the running plan: shown unless the user has a plan open.
void PlanDocument::adopt() {
  if (publishing_) return;
  const PlanPtr running = loads_.plan();
  const bool free = empty() || (adopted_ && !modified() && file_.isEmpty());
  if (!free) {
    if (!running) publish();
    return;
  }
  if (!running && !empty()) return close();
  if (!running || !machine_is_sound(*running) || (!empty() && plan() == *running)) return;
  install(std::make_unique<PlanState>(*running), {}, {}, {}, running);
}

void PlanDocument::takeLoads() {
  if (empty()) return inferServing();  // the rule is that of the loads
  findOrigin();
  load_problem_.clear();
  std::shared_ptr<const LayerLoads> loads;
  std::shared_ptr<const Routes> routes;
  std::shared_ptr<const SourceLoads> sources;
  if (const LoadsPtr set = loads_.loads(); set && !set->windows.empty()) {
    try {
      const PlanJudgement judged = judgement();
      const WindowRange windows = judged.windows;
      loads_.setJudged(judged.held_out ? std::optional(windows) : std::nullopt);
      loads = std::make_shared<const LayerLoads>(
          loads_of_plan(*set, plan(), windows.first, windows.last));
      require_loads_fit(plan(), *loads);
      if (auto found = sources_of_plan(*set, plan()); !found.empty())
        sources = std::make_shared<const SourceLoads>(std::move(found));
      if (set->routes.tokens() > 0 && set->routes.layers == plan().layers())
        routes = std::shared_ptr<const Routes>(set, &set->routes);
    } catch (const std::exception& error) {
      loads = nullptr;
      load_problem_ = message_of(error);
    }
  }
  // The same ones must not make what was followed outdated.
  if (!sources || !sources_ || *sources != *sources_) sources_ = std::move(sources);
  for (PlanState* state : {state_.get(), before_ ? &*before_ : nullptr}) {
    if (state == nullptr) continue;
    state->set_loads(loads);
    state->set_routes(routes);
  }
  inferServing();  // when all is of these loads: others listen to it
  applyRule();
  Q_EMIT figuresChanged();
}

void PlanDocument::setBefore(const Plan& plan, const QString& name) {
  PlanState before(plan);
  require_comparable(this->plan(), plan);
  if (plan.num_experts != this->plan().num_experts)
    throw Error(name.toStdString(), "", "is a plan for another number of experts",
                "Choose a plan of the same model");
  before_.emplace(std::move(before));
  before_name_ = name;
  before_is_first_ = false;
  before_->set_loads(state_->loads());
  state_->set_reference(std::make_shared<const Plan>(plan));
  takeLoads();
}

void PlanDocument::setAssumptions(PlanAssumptions assumptions) {
  if (assumptions == assumptions_) return;
  assumptions_ = std::move(assumptions);
  if (empty()) return;
  applyAssumptions();
  Q_EMIT figuresChanged();
}

void PlanDocument::applyAssumptions() {
  PlanExpectation expected;
  expected.redundant_experts = assumptions_.redundant_experts;
  if (assumptions_.expert_bytes > 0) expected.expert_bytes = assumptions_.expert_bytes;
  expected.gpu_expert_bytes = assumptions_.gpu_expert_bytes;
  expected.groups_on_nodes = assumptions_.groups_on_nodes;
  state_->set_expected(expected);
}

OpenedPlan read_plan_file(const QString& file) {
  const std::string path = file.toStdString();
  const std::string text = read_text_file(path, kMaxPlanBytes);
  PlanReading reading = parse_plan(text, path);
  OpenedPlan opened{std::move(reading.plan), {}, {}, origin_of(text)};
  for (const PlanProblem& problem : reading.problems)
    opened.problems << QString::fromStdString(to_string(problem));
  if (!machine_is_sound(opened.plan) || opened.plan.layers() == 0)
    throw_on_errors(reading.problems, path);
  try {
    opened.constraints = parse_constraints(text, path);
  } catch (const Error& error) {
    opened.problems << message_of(error);
  }
  return opened;
}

std::string plan_file_text(const Plan& plan, const PlanConstraints& constraints,
                           const std::optional<MadeFrom>& from, const LoadsPtr& loads) {
  std::string text = plan_json(plan, constraints);
  if (!from || !loads || from->windows.count() == 0) return text;
  const int count = static_cast<int>(loads->windows.size());
  const auto made = windows_that_made(*from, *loads, {0, count});
  // The oldest windows of what is recorded may be gone.
  if (!made || made->second - made->first != from->windows.count()) return text;
  return with_origin(std::move(text),
                     {QFileInfo(QString::fromStdString(loads->source)).fileName().toStdString(),
                      digest_of_loads(loads->windows), made->first, made->second});
}

}  // namespace moescope
