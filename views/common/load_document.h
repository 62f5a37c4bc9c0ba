// The open expert loads, the plan they are looked at under, and what is selected in them. Load,
// balance and plan views share one of these, beside the ViewContext of the time views.
#pragma once

#include <QObject>
#include <QStringList>
#include <memory>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

using LoadsPtr = std::shared_ptr<const LoadSet>;
using PlanPtr = std::shared_ptr<const Plan>;

/// Consecutive windows of a load set, [first, last).
struct WindowRange {
  int first = 0, last = 0;
  int count() const { return last - first; }
  friend bool operator==(const WindowRange&, const WindowRange&) = default;
};

/// A place in loads and plan; -1 where nothing is chosen.
struct LoadSelection {
  int layer = -1;   ///< row of the loads, not the model's layer id
  int expert = -1;  ///< logical expert
  int gpu = -1;
  friend bool operator==(const LoadSelection&, const LoadSelection&) = default;
};

class LoadDocument : public QObject {
  Q_OBJECT

 public:
  explicit LoadDocument(QObject* parent = nullptr) : QObject(parent) {}

  /// Null when no loads are open.
  const LoadsPtr& loads() const { return loads_; }
  const QStringList& files() const { return files_; }
  /// Other loads: all windows are chosen, the selection is kept as far as it fits.
  void setLoads(LoadsPtr loads, QStringList files);
  /// The same loads with more windows, while they are recorded: a choice of all windows grows with
  /// them, any other stays.
  void growLoads(LoadsPtr loads);

  WindowRange windows() const { return windows_; }
  /// Clamped to the loads; never empty while loads are open.
  void setWindows(WindowRange windows);

  /// The plan that GPU figures are of: what is edited, else what runs. Null: none.
  const PlanPtr& plan() const { return plan_; }
  void setPlan(PlanPtr plan);

  LoadSelection selection() const { return selection_; }
  void setSelection(LoadSelection selection);
  /// What the pointer is on, for highlighting in the other views.
  LoadSelection hovered() const { return hovered_; }
  void setHovered(LoadSelection hovered);

 Q_SIGNALS:
  void loadsChanged();
  void windowsChanged();
  void planChanged();
  void selectionChanged();
  void hoveredChanged();

 private:
  LoadsPtr loads_;
  PlanPtr plan_;
  QStringList files_;
  WindowRange windows_;
  LoadSelection selection_, hovered_;
};

}  // namespace moescope
