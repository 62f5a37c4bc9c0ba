#include "views/overlap/overlap_tables.h"

#include <QHeaderView>

#include "views/common/row_height.h"
#include "views/common/units.h"
#include "views/overlap/figures.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

constexpr int kUnitRole = Qt::UserRole + 10;    ///< of a header: unit of exact values
constexpr int kCopiedRole = Qt::UserRole + 11;  ///< of a header: its name in copies

QString short_text(const FigureDefinition& definition, const OverlapFigures& figures) {
  const auto value = definition.value(figures);
  if (!value) return QString::fromUtf8("—");
  if (definition.unit == "%") return format_percent(*value);
  return definition.unit == "ns" ? format_time(static_cast<TimeNs>(*value))
                                 : format_count(static_cast<quint64>(*value));
}

}  // namespace

FigureItem::FigureItem(const QString& text, const QString& exact, std::optional<double> value)
    : QTableWidgetItem(text), exact_(exact), value_(value) {
  setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
}

bool FigureItem::operator<(const QTableWidgetItem& other) const {
  const auto* figure = dynamic_cast<const FigureItem*>(&other);
  if (figure == nullptr) return QTableWidgetItem::operator<(other);
  return value_.value_or(-1) < figure->value_.value_or(-1);
}

void style_table(QTableWidget* table) {
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setFrameShape(QFrame::NoFrame);
  table->setShowGrid(false);
  table->setAlternatingRowColors(true);
  table->verticalHeader()->hide();
  fit_rows_to_text(*table);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
}

void set_figure_header(QTableWidget* table, int column, const QString& label, const QString& tip,
                       const QString& unit, const QString& copied) {
  auto* item = new QTableWidgetItem(label);
  item->setToolTip(tip);
  item->setData(kUnitRole, unit);
  item->setData(kCopiedRole, copied.isEmpty() ? label : copied);
  table->setHorizontalHeaderItem(column, item);
}

void setup_figure_table(QTableWidget* table, const QStringList& first_columns) {
  const auto& definitions = figure_definitions();
  const int first = static_cast<int>(first_columns.size());
  table->setColumnCount(first + static_cast<int>(definitions.size()));
  for (int c = 0; c < first; ++c) set_figure_header(table, c, first_columns[c], {}, {});
  for (int i = 0; i < static_cast<int>(definitions.size()); ++i) {
    const FigureDefinition& d = definitions[static_cast<std::size_t>(i)];
    set_figure_header(table, first + i, d.label, d.definition, d.unit);
  }
  style_table(table);
}

void fill_figure_row(QTableWidget* table, int row, const QStringList& first,
                     const OverlapFigures& figures) {
  for (int c = 0; c < first.size(); ++c) {
    auto* item = new QTableWidgetItem(first[c]);
    item->setToolTip(first[c]);
    table->setItem(row, c, item);
  }
  int column = static_cast<int>(first.size());
  for (const FigureDefinition& d : figure_definitions()) {
    auto* item =
        new FigureItem(short_text(d, figures), figure_number(d, figures), d.value(figures));
    item->setToolTip(d.label + ": " + figure_text(d, figures) + "\n" + d.definition);
    table->setItem(row, column++, item);
  }
}

QString figure_table_tsv(const QTableWidget& table) {
  QStringList fields;
  for (int c = 0; c < table.columnCount(); ++c) {
    const QTableWidgetItem* header = table.horizontalHeaderItem(c);
    const QString unit = header->data(kUnitRole).toString();
    const QString name = header->data(kCopiedRole).toString();
    fields << tsv_field(unit.isEmpty() ? name : name + " (" + unit + ")");
  }
  QString text = fields.join('\t') + '\n';
  for (int r = 0; r < table.rowCount(); ++r) {
    fields.clear();
    for (int c = 0; c < table.columnCount(); ++c) {
      const QTableWidgetItem* item = table.item(r, c);
      const auto* figure = dynamic_cast<const FigureItem*>(item);
      fields << (figure != nullptr ? figure->exact()
                                   : tsv_field(item == nullptr ? QString() : item->text()));
    }
    text += fields.join('\t') + '\n';
  }
  return text;
}

}  // namespace moescope
