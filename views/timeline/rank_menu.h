// The button above the row names that orders ranks and puts those together that are alike.
#pragma once

#include <QToolButton>

#include "views/timeline/lanes/rank_rows.h"

namespace moescope {

class RankMenu : public QToolButton {
  Q_OBJECT

 public:
  /// Its commands become those of `view`.
  RankMenu(RankRows& ranks, QWidget& view, QWidget* parent);
};

}  // namespace moescope
