// Which of the things that are selected is explained: what was selected last.
#pragma once

#include <optional>

#include "views/workspace/workspace.h"

namespace moescope {

enum class Inspected {
  Nothing,
  Span,
  OtherSpan,  ///< of the trace that the open one is compared with
  Area,
  Step,
  Place,
  Rank,
};

/// Keeps it as the selection changes.
class InspectedKeeper : public QObject {
  Q_OBJECT

 public:
  explicit InspectedKeeper(Workspace& workspace, QObject* parent = nullptr);
  Inspected what() const { return what_; }

 Q_SIGNALS:
  void changed();  ///< something else is inspected, or something changed of it

 private:
  bool there(Inspected what) const;
  void choose(Inspected wanted);
  void followTrace();
  void followPlace();

  Workspace& workspace_;
  Inspected what_ = Inspected::Nothing;
  SpanRef span_;
  std::optional<AreaSelection> area_;
  ModelPlace place_;
  bool place_chosen_ = false;  ///< by the user, not brought along by a span
};

}  // namespace moescope
