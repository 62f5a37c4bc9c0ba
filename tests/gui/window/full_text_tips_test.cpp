// What is cut for want of room can be read by pointing at it.
#include "views/shell/full_text_tips.h"

#include <gmock/gmock.h>

#include <QComboBox>
#include <QHeaderView>
#include <QHelpEvent>
#include <QTableWidget>
#include <QTest>
#include <QToolTip>

namespace moescope {
namespace {

QString tip_at(QWidget& widget, QPoint pos) {
  QToolTip::showText(widget.mapToGlobal(pos), "none");
  QHelpEvent event(QEvent::ToolTip, pos, widget.mapToGlobal(pos));
  QCoreApplication::sendEvent(&widget, &event);
  return QToolTip::text();
}

class FullText : public testing::Test {
 protected:
  FullText() {
    qApp->installEventFilter(&tips);
    table.setHorizontalHeaderLabels({"A long title of a column", "Short"});
    table.horizontalHeaderItem(0)->setToolTip("What it is.");
    table.setItem(0, 0, new QTableWidgetItem("a cell that is too long for its column"));
    table.setItem(0, 1, new QTableWidgetItem("fits"));
    table.setColumnWidth(0, 40);
    table.setColumnWidth(1, 200);
    table.resize(400, 200);
    table.show();
    QTest::qWait(20);
  }
  QPoint cell(int column) { return table.visualItemRect(table.item(0, column)).center(); }
  FullTextTips tips{nullptr};
  QTableWidget table{1, 2};
};

TEST_F(FullText, OfCellsThatAreCut) {
  EXPECT_EQ(tip_at(*table.viewport(), cell(0)), "a cell that is too long for its column");
  EXPECT_EQ(tip_at(*table.viewport(), cell(1)), "none");
  table.item(0, 0)->setToolTip("about the cell");
  EXPECT_EQ(tip_at(*table.viewport(), cell(0)),
            "a cell that is too long for its column\nabout the cell");
}

TEST_F(FullText, OfTitlesOfColumnsBeforeTheirDefinition) {
  QWidget& header = *table.horizontalHeader()->viewport();
  EXPECT_EQ(tip_at(header, {20, header.height() / 2}), "A long title of a column\nWhat it is.");
  table.setColumnWidth(0, 300);
  EXPECT_EQ(tip_at(header, {20, header.height() / 2}), "What it is.");
}

TEST_F(FullText, OfChoices) {
  QComboBox box;
  box.addItem("a choice that is too long for the field");
  box.resize(60, 24);
  box.show();
  EXPECT_EQ(tip_at(box, {10, 10}), "a choice that is too long for the field");
  box.resize(600, 24);
  EXPECT_EQ(tip_at(box, {10, 10}), "none");
}

}  // namespace
}  // namespace moescope
