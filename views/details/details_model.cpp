#include "views/details/details_model.h"

namespace moescope {
namespace {

void append_text(const QStandardItem* parent, int depth, QString& text) {
  for (int row = 0; row < parent->rowCount(); ++row) {
    text += QString(depth * 2, QLatin1Char(' ')) + parent->child(row, 0)->text() +
            QLatin1Char('\t') + parent->child(row, 1)->text() + QLatin1Char('\n');
    append_text(parent->child(row, 0), depth + 1, text);
  }
}

}  // namespace

void DetailsModel::show(const std::function<void(const FactRows&)>& fill) {
  clear();
  span_.reset();
  setHorizontalHeaderLabels({tr("Property"), tr("Value")});
  fill(FactRows(invisibleRootItem()));
}

void DetailsModel::showSpan(const SpanDetails& details, TimeRange visible) {
  show([&](const FactRows& rows) { add_span_rows(rows, details, visible); });
  span_ = details.span;
}

void DetailsModel::setVisible(TimeRange visible) {
  if (!span_) return;
  for (int row = 0; row < rowCount(); ++row)
    if (item(row, 0)->data(kShareRole).toBool()) item(row, 1)->setText(share_text(*span_, visible));
}

QString DetailsModel::toText() const {
  QString text;
  append_text(invisibleRootItem(), 0, text);
  return text;
}

}  // namespace moescope
