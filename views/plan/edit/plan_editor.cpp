#include "views/plan/edit/plan_editor.h"

#include <algorithm>

#include "core/placement/edit/plan_advice.h"

namespace moescope {

PlanEditor::PlanEditor(PlanDocument& document, QObject* parent)
    : QObject(parent), document_(document) {
  connect(&document_, &PlanDocument::refused, this, &PlanEditor::message);
}

std::vector<int> PlanEditor::layersFor(int layer) const {
  std::vector<int> layers;
  const int count = document_.plan().layers();
  int first = layer, last = layer;
  if (scope_.kind == EditScope::Kind::All) first = 0, last = count - 1;
  if (scope_.kind == EditScope::Kind::Range) first = scope_.first, last = scope_.last;
  for (int l = std::max(first, 0); l <= std::min(last, count - 1); ++l) layers.push_back(l);
  return layers;
}

QString PlanEditor::inLayers(int layer) const {
  const auto layers = layersFor(layer);
  if (layers.size() == 1) return tr("layer %1").arg(document_.plan().layer_id(layers.front()));
  return tr("%1 layers").arg(layers.size());
}

bool PlanEditor::hasSlot(int layer, int slot) const {
  return slot >= 0 &&
         slot < static_cast<int>(
                    document_.plan().physical_to_logical[static_cast<std::size_t>(layer)].size());
}

bool PlanEditor::commit(const PlanEdit& edit, const QString& text) {
  if (edit.empty()) {
    Q_EMIT message(tr("Nothing to change."));
    return false;
  }
  if (!document_.edit(edit, text)) return false;
  Q_EMIT message(text);
  return true;
}

PlanEdit PlanEditor::dropEdit(int layer, const std::vector<int>& sources, int grabbed, int target,
                              bool copy) const {
  const Plan& plan = document_.plan();
  PlanEdit edit = no_change(plan);
  const int offset = target - grabbed;
  if (offset == 0) return edit;
  for (const int l : layersFor(layer)) {
    PlanEdit of_layer = no_change(plan);
    Plan scratch;  // several moves in one layer see each other
    const bool one = sources.size() == 1;
    if (!one) scratch = plan;
    for (const int s : sources) {
      const int to = s + offset;
      if (!hasSlot(l, s) || !hasSlot(l, to) ||
          std::binary_search(sources.begin(), sources.end(), to))
        return no_change(plan);
      const Plan& now = one ? plan : scratch;
      const PlanEdit step =
          copy ? place_expert(now, l, to, slot_value(now, l, s).expert) : swap_slots(now, l, s, to);
      if (!one) apply_edit(scratch, step);
      of_layer = joined(std::move(of_layer), step);
    }
    edit = joined(std::move(edit), of_layer);
  }
  return edit;
}

QString PlanEditor::dropText(int layer, const std::vector<int>& sources, int grabbed, int target,
                             bool copy) const {
  const Plan& plan = document_.plan();
  if (!hasSlot(layer, grabbed) || !hasSlot(layer, target)) return {};
  const int from = slot_value(plan, layer, grabbed).expert;
  const int at = slot_value(plan, layer, target).expert;
  QString what = copy ? tr("Copy expert %1 over expert %2").arg(from).arg(at)
                      : tr("Swap experts %1 and %2").arg(from).arg(at);
  if (sources.size() > 1)
    what = copy ? tr("Copy %1 slots").arg(sources.size()) : tr("Swap %1 slots").arg(sources.size());
  return tr("%1 in %2").arg(what, inLayers(layer));
}

void PlanEditor::drop(int layer, const std::vector<int>& sources, int grabbed, int target,
                      bool copy) {
  document_.preview(std::nullopt);
  const QString text = dropText(layer, sources, grabbed, target, copy);
  commit(dropEdit(layer, sources, grabbed, target, copy), text);
}

std::vector<char> PlanEditor::barredTargets(int layer, int grabbed, bool copy) const {
  const Plan& plan = document_.plan();
  std::vector<char> barred;
  for (int slot = 0; hasSlot(layer, slot); ++slot) {
    const PlanEdit edit =
        copy ? place_expert(plan, layer, slot, slot_value(plan, layer, grabbed).expert)
             : swap_slots(plan, layer, grabbed, slot);
    barred.push_back(document_.objection(edit).isEmpty() ? 0 : 1);
  }
  return barred;
}

void PlanEditor::place(int layer, int slot, int expert) {
  document_.preview(std::nullopt);
  if (expert < 0 || expert >= document_.plan().num_experts) {
    Q_EMIT message(tr("There is no expert %1; the model has 0..%2.")
                       .arg(expert)
                       .arg(document_.plan().num_experts - 1));
    return;
  }
  PlanEdit edit = no_change(document_.plan());
  for (const int l : layersFor(layer))
    if (hasSlot(l, slot))
      edit = joined(std::move(edit), place_expert(document_.plan(), l, slot, expert));
  commit(edit, tr("Put expert %1 in slot %2 in %3").arg(expert).arg(slot).arg(inLayers(layer)));
}

int PlanEditor::addReplica(int layer, int expert) {
  document_.preview(std::nullopt);
  PlanEdit edit = no_change(document_.plan());
  int shown = -1, without = 0;
  for (const int l : layersFor(layer)) {
    const auto slot =
        best_slot_for(document_.state(), l, expert, document_.constraints().pinned_slots(l));
    if (!slot) {
      ++without;
      continue;
    }
    if (l == layer) shown = *slot;
    edit = joined(std::move(edit), place_expert(document_.plan(), l, *slot, expert));
  }
  if (edit.changes.empty()) {
    Q_EMIT message(
        tr("No room for a replica of expert %1: every slot holds a last replica, is pinned "
           "or is on a GPU that has it.")
            .arg(expert));
    return -1;
  }
  QString text = tr("Add a replica of expert %1 in %2").arg(expert).arg(inLayers(layer));
  if (without > 0) text += tr(" (%1 without room)").arg(without);
  return commit(edit, text) ? shown : -1;
}

void PlanEditor::removeReplicas(int layer, const std::vector<int>& slots) {
  document_.preview(std::nullopt);
  PlanState scratch = document_.state();
  PlanEdit edit = no_change(document_.plan());
  int kept = 0;
  for (const int l : layersFor(layer))
    for (const int s : slots) {
      if (!hasSlot(l, s)) continue;
      const int held = slot_value(scratch.plan(), l, s).expert;
      const bool last =
          held >= 0 && held < scratch.plan().num_experts && scratch.hosts(l, held).size() < 2;
      const auto filler = last ? std::nullopt : best_expert_for(scratch, l, s);
      if (!filler) {
        ++kept;
        continue;
      }
      const PlanEdit step = place_expert(scratch.plan(), l, s, *filler);
      scratch.apply(step);
      edit = joined(std::move(edit), step);
    }
  if (edit.changes.empty()) {
    Q_EMIT message(
        tr("The last replica of an expert stays: swap it or put another one in its place."));
    return;
  }
  QString text =
      slots.size() == 1
          ? tr("Replace the replica in slot %1 in %2").arg(slots.front()).arg(inLayers(layer))
          : tr("Replace %1 replicas in %2").arg(slots.size()).arg(inLayers(layer));
  if (kept > 0) text += tr(" (%1 last replicas stay)").arg(kept);
  commit(edit, text);
}

void PlanEditor::togglePins(int layer, const std::vector<int>& slots) {
  PlanConstraints next = document_.constraints();
  const auto layers = layersFor(layer);
  bool all = true;
  for (const int l : layers)
    for (const int s : slots) all = all && next.is_pinned(l, s);
  for (const int l : layers)
    for (const int s : slots) {
      if (!hasSlot(l, s)) continue;
      std::erase_if(next.pinned, [&](const SlotPin& p) { return p.layer == l && p.slot == s; });
      const int expert = slot_value(document_.plan(), l, s).expert;
      if (!all && expert != kNoExpert) next.pinned.push_back({l, s, expert});
    }
  const QString what = all ? tr("Unpin %1 slots in %2") : tr("Pin %1 slots in %2");
  const QString text = what.arg(slots.size()).arg(inLayers(layer));
  document_.setConstraints(std::move(next), text);
  Q_EMIT message(text);
}

void PlanEditor::toggleForbidden(int layer, int gpu, int expert) {
  PlanConstraints next = document_.constraints();
  const bool forbid = !next.is_forbidden(layer, gpu, expert);
  for (const int l : layersFor(layer)) {
    std::erase_if(next.forbidden, [&](const Forbidden& f) {
      return f.layer == l && f.gpu == gpu && f.expert == expert;
    });
    if (forbid) next.forbidden.push_back({l, gpu, expert});
  }
  const QString what =
      forbid ? tr("Forbid expert %1 on GPU %2 in %3") : tr("Allow expert %1 on GPU %2 in %3");
  const QString text = what.arg(expert).arg(gpu).arg(inLayers(layer));
  document_.setConstraints(std::move(next), text);
  Q_EMIT message(text);
}

void PlanEditor::setFailed(int gpu, bool failed) {
  document_.preview(std::nullopt);
  const Plan& plan = document_.plan();
  commit(failed ? fail_gpu(plan, gpu) : revive_gpu(plan, gpu),
         failed ? tr("Mark GPU %1 as failed").arg(gpu) : tr("Mark GPU %1 as alive").arg(gpu));
}

}  // namespace moescope
