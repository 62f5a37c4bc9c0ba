// Model, serving unit and hardware that a plan is priced for, and the rule by which replicas are
// chosen: found in the files where they tell, else chosen once by the user. Balance, prediction,
// advice, cost of migration and bytes all take them from here.
#pragma once

#include <QObject>
#include <QStringList>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

enum class ServingPart { Hardware, Model, Unit };
inline constexpr std::array kServingParts = {ServingPart::Hardware, ServingPart::Model,
                                             ServingPart::Unit};
/// Folder of the part's descriptions: "hardware", "models", "units".
const char* descriptions_of(ServingPart part);
/// "hardware", "model", "serving unit"
QString serving_word(ServingPart part);

/// "SGLang static (0.5.23): each rank sends ...; every rank is assumed to send the same share"
QString rule_words(ReplicaRule rule, bool knows_sources);

class ServingSetup : public QObject {
  Q_OBJECT

 public:
  explicit ServingSetup(QObject* parent = nullptr) : QObject(parent) {}

  /// Name of a compiled-in description; empty: neither known nor chosen.
  const QString& name(ServingPart part) const { return of(part).name; }
  /// Chosen by the user, who knows better than a guess.
  bool chosen(ServingPart part) const { return of(part).chosen; }
  /// "256 experts in 58 layers": from what it was found; why it was not, where it is not known.
  const QString& reason(ServingPart part) const { return of(part).reason; }
  /// All three are known.
  bool complete() const { return missing().isEmpty(); }
  /// Words of those that are not known.
  QStringList missing() const;

  /// By which replicas are chosen; always known.
  ReplicaRule rule() const { return setup_.rule.chosen.value_or(setup_.rule.found); }
  bool ruleChosen() const { return setup_.rule.chosen.has_value(); }
  /// What the files tell.
  ReplicaRule foundRule() const { return setup_.rule.found; }
  /// "the loads come from SGLang": why it is this one.
  QString ruleReason() const;
  /// "SGLang static"
  QString ruleTitle() const { return QString::fromStdString(rule_title(rule())); }
  /// nullopt goes back to what the files tell.
  void chooseRule(std::optional<ReplicaRule> rule);
  /// Of the rule, else of the loads, as in rule_engines(); empty: not known.
  std::string engine() const;
  /// The rules that a new plan should be good under: all that the engine may take by itself where
  /// the rule is its usual one, else the rule.
  std::vector<ReplicaRule> rulesToSolveFor() const;

  /// An empty name goes back to what the files tell.
  void choose(ServingPart part, const QString& name);
  /// Finds what is not chosen. @param plan,loads null where none are open
  void infer(const Plan* plan, const LoadSet* loads);
  /// Name of the GPUs of the open trace, as the driver reports it; empty: not known.
  void setDevice(const QString& device);

  /// Choices of the user as text, "" for none, to be remembered with the document.
  QString choices() const;
  /// Takes what choices() gave; names that are not known are left out.
  void setChoices(const QString& choices);

 Q_SIGNALS:
  void changed();

 private:
  struct Part {
    QString name, reason;
    bool chosen = false;
    QString found, found_reason;
    friend bool operator==(const Part&, const Part&) = default;
  };
  struct Rule {
    std::optional<ReplicaRule> chosen;
    ReplicaRule found = ReplicaRule::Even;
    QString found_reason;
    friend bool operator==(const Rule&, const Rule&) = default;
  };
  struct Setup {
    std::array<Part, kServingParts.size()> parts;
    Rule rule;
    friend bool operator==(const Setup&, const Setup&) = default;
  };
  Part& of(ServingPart part) { return setup_.parts[static_cast<std::size_t>(part)]; }
  const Part& of(ServingPart part) const { return setup_.parts[static_cast<std::size_t>(part)]; }
  void find(ServingPart part, const QString& name, const QString& reason);
  void findModel();
  void findUnit();
  void findHardware();
  void findRule();
  /// Finds what can be found; tells of it when that is not as `before`.
  void update(const Setup& before);

  Setup setup_;
  QString device_;
  bool has_plan_ = false, weighted_ = false;
  int experts_ = 0, layers_ = 0, gpus_ = 0, slots_ = 0;
  std::string phase_;   ///< of the loads; empty: not known
  std::string engine_;  ///< that the loads come from; empty: not known
};

}  // namespace moescope
