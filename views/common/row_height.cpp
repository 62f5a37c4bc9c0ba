#include "views/common/row_height.h"

#include <QEvent>
#include <QHeaderView>

namespace moescope {
namespace {

class RowHeight : public QObject {
 public:
  RowHeight(QTableView& table, int room) : QObject(&table), table_(table), room_(room) {
    table.installEventFilter(this);
    fit();
  }

 protected:
  bool eventFilter(QObject*, QEvent* event) override {
    if (event->type() == QEvent::FontChange || event->type() == QEvent::Polish) fit();
    return false;
  }

 private:
  void fit() {
    QHeaderView& rows = *table_.verticalHeader();
    const int height = table_.fontMetrics().height() + room_;
    rows.setMinimumSectionSize(std::min(rows.minimumSectionSize(), height));
    rows.setDefaultSectionSize(height);
  }

  QTableView& table_;
  int room_;
};

}  // namespace

void fit_rows_to_text(QTableView& table, int room) {
  new RowHeight(table, room);
}

}  // namespace moescope
