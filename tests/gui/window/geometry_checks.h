// What is wrong with how a window is laid out, as its user would see it.
#pragma once

#include <QStringList>
#include <QWidget>

namespace moescope::test {

/// Labels, buttons, tabs, titles of columns, choices and hints in fields whose text is cut,
/// although pointing at them does not show it whole. A line for each.
QStringList cut_texts(QWidget& window);

/// Controls that reach out of the window, of what they stand in, or of the dock they belong to.
/// What is below the edge of a list or table does not count; what a dock only shows after scrolling
/// counts unless `may_scroll`. A line for each.
QStringList outside(QWidget& window, bool may_scroll);

/// "dock.sm: QLabel smTitle": where a widget is.
QString place_of(const QWidget& widget);

}  // namespace moescope::test
