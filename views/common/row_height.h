// Rows of tables as high as their text, whatever size the user chooses for it.
#pragma once

#include <QTableView>

namespace moescope {

/// Makes rows as high as a line of text and `room` logical pixels, also after the text size
/// changed.
void fit_rows_to_text(QTableView& table, int room = 6);

}  // namespace moescope
