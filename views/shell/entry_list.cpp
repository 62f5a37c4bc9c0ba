#include "views/shell/entry_list.h"

#include <QApplication>
#include <QPainter>
#include <QResizeEvent>
#include <QStyledItemDelegate>
#include <algorithm>

namespace moescope {
namespace {

constexpr int kFilesRole = Qt::UserRole;
constexpr int kPinnedRole = Qt::UserRole + 1;
constexpr int kNoteRole = Qt::UserRole + 2;
constexpr int kMissingRole = Qt::UserRole + 3;
constexpr int kPad = 6;           // px around the two lines
constexpr int kLeastHeight = 80;  // px

class EntryDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  void paint(QPainter* painter, const QStyleOptionViewItem& option,
             const QModelIndex& index) const override {
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    item.text.clear();
    item.widget->style()->drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
    const auto group =
        item.state.testFlag(QStyle::State_Active) ? QPalette::Active : QPalette::Inactive;
    const bool chosen = item.state.testFlag(QStyle::State_Selected);
    const QColor text =
        item.palette.color(group, chosen ? QPalette::HighlightedText : QPalette::Text);
    const QColor muted = chosen ? text : item.palette.color(group, QPalette::PlaceholderText);
    const int line = item.fontMetrics.height();
    const QRect room = item.rect.adjusted(kPad, kPad, -kPad, -kPad);
    painter->save();
    QFont bold = item.font;
    bold.setBold(true);
    painter->setFont(bold);
    painter->setPen(index.data(kMissingRole).toBool() ? muted : text);
    const QString label = index.data(Qt::DisplayRole).toString();
    painter->drawText(QRect(room.topLeft(), QSize(room.width(), line)), Qt::AlignVCenter,
                      QFontMetrics(bold).elidedText(label, Qt::ElideMiddle, room.width()));
    painter->setFont(item.font);
    painter->setPen(muted);
    painter->drawText(room.adjusted(0, line, 0, 0), Qt::TextWordWrap,
                      index.data(kNoteRole).toString());
    painter->restore();
  }

  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const auto* list = static_cast<const QListWidget*>(option.widget);
    const int width = std::max(list->viewport()->width() - 2 * kPad, 50);
    const QFontMetrics metrics(list->font());
    const QRect note = metrics.boundingRect(QRect(0, 0, width, 10000), Qt::TextWordWrap,
                                            index.data(kNoteRole).toString());
    return {0, metrics.height() + note.height() + 2 * kPad};
  }
};

}  // namespace

EntryList::EntryList(const QString& name, QWidget* parent) : QListWidget(parent) {
  setAccessibleName(name);
  setItemDelegate(new EntryDelegate(this));
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setResizeMode(QListView::Adjust);
  setSizeAdjustPolicy(QAbstractScrollArea::AdjustToContents);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Maximum);
  setMinimumHeight(kLeastHeight);
  viewport()->setCursor(Qt::PointingHandCursor);
  connect(this, &QListWidget::itemClicked, this, &EntryList::open);
  connect(this, &QListWidget::itemActivated, this, &EntryList::open);
}

/// Another width breaks the sentences at other places.
void EntryList::resizeEvent(QResizeEvent* event) {
  QListWidget::resizeEvent(event);
  if (event->size().width() == event->oldSize().width()) return;
  doItemsLayout();
  updateGeometry();
}

void EntryList::open(const QListWidgetItem* item) {
  if (opened_.isValid() && opened_.elapsed() < QApplication::doubleClickInterval()) return;
  opened_.start();
  Q_EMIT filesRequested(item->data(kFilesRole).toStringList());
}

void EntryList::setEntries(const QList<Entry>& entries) {
  clear();
  for (const Entry& entry : entries) {
    QString text = entry.pinned ? QStringLiteral("★ ") + entry.label : entry.label;
    if (entry.missing) text += tr(" (missing)");
    auto* item = new QListWidgetItem(text, this);
    item->setToolTip(entry.files.join(QLatin1Char('\n')));
    item->setData(Qt::AccessibleDescriptionRole, entry.note);
    item->setData(kNoteRole, entry.note);
    item->setData(kFilesRole, entry.files);
    item->setData(kPinnedRole, entry.pinned);
    item->setData(kMissingRole, entry.missing);
  }
}

QStringList EntryList::currentFiles() const {
  const QListWidgetItem* item = currentItem();
  return item != nullptr ? item->data(kFilesRole).toStringList() : QStringList();
}

bool EntryList::currentPinned() const {
  const QListWidgetItem* item = currentItem();
  return item != nullptr && item->data(kPinnedRole).toBool();
}

}  // namespace moescope
