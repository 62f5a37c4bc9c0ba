// Edits of a plan over the chosen layers: one undo step each, described in a message.
#pragma once

#include <QObject>
#include <functional>
#include <vector>

#include "views/workspace/documents/plan_document.h"

namespace moescope {

/// Rows that edits apply to.
struct EditScope {
  enum class Kind { Layer, Range, All };
  Kind kind = Kind::Layer;
  int first = 0, last = 0;  ///< of a range, both included
};

class PlanEditor : public QObject {
  Q_OBJECT

 public:
  explicit PlanEditor(PlanDocument& document, QObject* parent = nullptr);

  PlanDocument& document() { return document_; }
  const EditScope& scope() const { return scope_; }
  void setScope(EditScope scope) { scope_ = scope; }
  /// The layers that an edit made in `layer` applies to, ascending.
  std::vector<int> layersFor(int layer) const;

  /// Slots `sources` moved so that `grabbed` comes to `target`: swapped with what is there, or
  /// copied over it. Empty when some would leave the board or meet each other.
  PlanEdit dropEdit(int layer, const std::vector<int>& sources, int grabbed, int target,
                    bool copy) const;
  QString dropText(int layer, const std::vector<int>& sources, int grabbed, int target,
                   bool copy) const;
  void drop(int layer, const std::vector<int>& sources, int grabbed, int target, bool copy);
  /// [slot] of `layer`: whether `grabbed` alone could not be dropped there, because of a pin, a ban
  /// or a failed GPU.
  std::vector<char> barredTargets(int layer, int grabbed, bool copy) const;

  void swap(int layer, int a, int b) { drop(layer, {a}, a, b, false); }
  void place(int layer, int slot, int expert);
  /// A further replica where it helps most; returns its slot in `layer`, -1 when there is no room.
  int addReplica(int layer, int expert);
  /// Gives the slots to the experts that need a replica most; last replicas stay.
  void removeReplicas(int layer, const std::vector<int>& slots);
  /// Pins all, or unpins all when all are pinned.
  void togglePins(int layer, const std::vector<int>& slots);
  /// Forbids or allows an expert on a GPU.
  void toggleForbidden(int layer, int gpu, int expert);
  void setFailed(int gpu, bool failed);

 Q_SIGNALS:
  void message(const QString& text);  ///< what was done, or why nothing was

 private:
  bool commit(const PlanEdit& edit, const QString& text);
  QString inLayers(int layer) const;
  bool hasSlot(int layer, int slot) const;

  PlanDocument& document_;
  EditScope scope_;
};

}  // namespace moescope
