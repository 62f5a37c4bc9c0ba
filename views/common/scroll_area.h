// Content that scrolls where its place is lower or narrower than it.
#pragma once

#include <QScrollArea>

namespace moescope {

/// Around `content`, as wide as its place: a tall form does not limit the height of its dock. Takes
/// no keyboard of its own.
QScrollArea* scroll_area(QWidget* content, QWidget* parent);

}  // namespace moescope
