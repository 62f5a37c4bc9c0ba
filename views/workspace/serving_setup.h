// Model, serving unit and hardware that a plan is priced for: found in the files where they tell,
// else chosen once by the user. Prediction, cost of migration and bytes all take them from here.
#pragma once

#include <QObject>
#include <QStringList>
#include <array>
#include <string>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

enum class ServingPart { Hardware, Model, Unit };
inline constexpr std::array kServingParts = {ServingPart::Hardware, ServingPart::Model,
                                             ServingPart::Unit};
/// Folder of the part's descriptions: "hardware", "models", "units".
const char* descriptions_of(ServingPart part);
/// "hardware", "model", "serving unit"
QString serving_word(ServingPart part);

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
  using Parts = std::array<Part, kServingParts.size()>;
  Part& of(ServingPart part) { return parts_[static_cast<std::size_t>(part)]; }
  const Part& of(ServingPart part) const { return parts_[static_cast<std::size_t>(part)]; }
  void find(ServingPart part, const QString& name, const QString& reason);
  void findModel();
  void findUnit();
  void findHardware();
  /// Finds what can be found; tells of it when that is not as `before`.
  void update(Parts before);

  Parts parts_;
  QString device_;
  bool has_plan_ = false;
  int experts_ = 0, layers_ = 0, gpus_ = 0, slots_ = 0;
  std::string phase_;  ///< of the loads; empty: not known
};

}  // namespace moescope
