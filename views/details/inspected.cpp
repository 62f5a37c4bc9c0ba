#include "views/details/inspected.h"

namespace moescope {

InspectedKeeper::InspectedKeeper(Workspace& workspace, QObject* parent)
    : QObject(parent), workspace_(workspace) {
  Selection& selection = workspace.selection();
  connect(&selection, &Selection::selectionChanged, this, &InspectedKeeper::followTrace);
  connect(&selection, &Selection::placeChanged, this, &InspectedKeeper::followPlace);
  connect(&selection, &Selection::processFilterChanged, this, [this] { choose(Inspected::Rank); });
  connect(&workspace.compare(), &CompareDocument::otherSpanChanged, this,
          [this] { choose(Inspected::OtherSpan); });
  for (const auto change :
       {&LoadDocument::loadsChanged, &LoadDocument::windowsChanged, &LoadDocument::ruleChanged,
        &LoadDocument::planChanged, &LoadDocument::assumedChanged})
    connect(&workspace.loads(), change, this, [this] {
      if (what_ == Inspected::Place) choose(Inspected::Place);
    });
  followTrace();
  followPlace();
}

bool InspectedKeeper::there(Inspected what) const {
  const Selection& selection = workspace_.selection();
  const bool trace = workspace_.trace().trace() != nullptr;
  const ModelPlace& place = selection.place();
  switch (what) {
    case Inspected::Span:
      return trace && selection.currentSpan().valid();
    case Inspected::OtherSpan:
      return workspace_.compare().otherSpan().ref.valid();
    case Inspected::Area:
      return trace && selection.area().has_value();
    case Inspected::Step:
      return trace && place_chosen_ && place.step >= 0;
    case Inspected::Place:
      return workspace_.loads().loads() && place_chosen_ &&
             (place.layer >= 0 || place.expert >= 0 || place.gpu >= 0 || place.slot >= 0);
    case Inspected::Rank:
      return trace && selection.processFilter().has_value();
    case Inspected::Nothing:
      return true;
  }
  return false;
}

/// `wanted`, or what is still selected when that was cleared.
void InspectedKeeper::choose(Inspected wanted) {
  what_ = Inspected::Nothing;
  for (const Inspected next : {wanted, Inspected::Span, Inspected::Area, Inspected::Step,
                               Inspected::Place, Inspected::Rank})
    if (next != Inspected::Nothing && there(next)) {
      what_ = next;
      break;
    }
  Q_EMIT changed();
}

void InspectedKeeper::followTrace() {
  const Selection& selection = workspace_.selection();
  const bool span = selection.currentSpan() != span_, area = selection.area() != area_;
  span_ = selection.currentSpan();
  area_ = selection.area();
  choose(span && span_.valid() ? Inspected::Span : area && area_ ? Inspected::Area : what_);
}

/// A place that a span brings along is a fact of that span.
void InspectedKeeper::followPlace() {
  const ModelPlace before = place_;
  place_ = workspace_.selection().place();
  place_chosen_ = !workspace_.placeLink().following();
  if (!place_chosen_) return;
  ModelPlace same_step = place_;
  same_step.step = before.step;
  choose(same_step == before && place_.step >= 0 ? Inspected::Step : Inspected::Place);
}

}  // namespace moescope
