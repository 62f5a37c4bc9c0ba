#include "views/shell/full_text_tips.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QHeaderView>
#include <QHelpEvent>
#include <QLabel>
#include <QLineEdit>
#include <QStyle>
#include <QToolTip>

namespace moescope {
namespace {

constexpr int kArrow = 28;  // px of a combo box beside its text

/// `whole` when it does not fit and `tip` does not have it, then `tip`.
QString with_whole(const QString& whole, bool cut, const QString& tip) {
  if (!cut || whole.isEmpty() || tip.contains(whole)) return {};
  const QString line = Qt::mightBeRichText(tip) ? whole.toHtmlEscaped() + "<br>"
                       : tip.isEmpty()          ? whole
                                                : whole + '\n';
  return line + tip;
}

QString header_tip(const QHeaderView& header, QPoint pos) {
  const int section = header.logicalIndexAt(pos);
  if (section < 0 || header.model() == nullptr) return {};
  const auto data = [&](int role) {
    return header.model()->headerData(section, header.orientation(), role).toString();
  };
  const QString text = data(Qt::DisplayRole);
  const int margin = header.style()->pixelMetric(QStyle::PM_HeaderMargin, nullptr, &header);
  const int width = header.fontMetrics().horizontalAdvance(text) + 2 * margin;
  const bool flat = header.orientation() == Qt::Horizontal;
  return with_whole(text, width > (flat ? header.sectionSize(section) : header.width()),
                    data(Qt::ToolTipRole));
}

QString cell_tip(const QAbstractItemView& view, QPoint pos) {
  const QModelIndex index = view.indexAt(pos);
  if (!index.isValid()) return {};
  const int wanted = view.sizeHintForIndex(index).width();
  return with_whole(index.data(Qt::DisplayRole).toString(), wanted > view.visualRect(index).width(),
                    index.data(Qt::ToolTipRole).toString());
}

QString label_tip(const QLabel& label) {
  const bool cut = label.wordWrap() ? label.heightForWidth(label.width()) > label.height() + 1
                                    : label.sizeHint().width() > label.width() + 1;
  if (!cut || label.text().isEmpty()) return {};
  if (!Qt::mightBeRichText(label.text())) return with_whole(label.text(), true, label.toolTip());
  const QString& tip = label.toolTip();
  return label.text() + "<br>" + (Qt::mightBeRichText(tip) ? tip : tip.toHtmlEscaped());
}

QString field_tip(const QWidget& widget) {
  if (const auto* label = qobject_cast<const QLabel*>(&widget)) return label_tip(*label);
  const auto* box = qobject_cast<const QComboBox*>(&widget);
  const auto* edit = qobject_cast<const QLineEdit*>(&widget);
  if (box == nullptr && edit == nullptr) return {};
  const QString text = box != nullptr           ? box->currentText()
                       : edit->text().isEmpty() ? edit->placeholderText()
                                                : edit->text();
  const int width = widget.fontMetrics().horizontalAdvance(text) + (box != nullptr ? kArrow : 8);
  return with_whole(text, width > widget.width(), widget.toolTip());
}

QString tip_for(QWidget& widget, QPoint pos) {
  if (const auto* header = qobject_cast<QHeaderView*>(widget.parentWidget()))
    return &widget == header->viewport() ? header_tip(*header, pos) : QString();
  if (const auto* view = qobject_cast<QAbstractItemView*>(widget.parentWidget()))
    return &widget == view->viewport() ? cell_tip(*view, pos) : QString();
  return field_tip(widget);
}

}  // namespace

FullTextTips::FullTextTips(QObject* parent) : QObject(parent) {}

bool FullTextTips::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::ToolTip || !watched->isWidgetType()) return false;
  const auto* help = static_cast<QHelpEvent*>(event);
  auto* widget = static_cast<QWidget*>(watched);
  const QString text = tip_for(*widget, help->pos());
  if (text.isEmpty()) return false;
  QToolTip::showText(help->globalPos(), text, widget);
  return true;
}

}  // namespace moescope
