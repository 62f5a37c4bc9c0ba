#include "views/shell/choice_list.h"

#include <QVBoxLayout>
#include <algorithm>

namespace moescope {
namespace {
constexpr int kRows = 12;      // at most, without scrolling
constexpr int kWidth = 560;    // px, as far as the window has room
constexpr int kRowSpace = 6;   // px
constexpr int kWindowGap = 8;  // px to the edges of the window
}  // namespace

ChoiceList::ChoiceList(QWidget& field)
    : QFrame(field.window()), field_(field), list_(new QListWidget(this)), hint_(new QLabel(this)) {
  setObjectName("choiceList");
  setFrameStyle(QFrame::Box | QFrame::Plain);  // a line that is seen on a dark window too
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  setFocusPolicy(Qt::NoFocus);
  list_->setObjectName("paletteList");
  list_->setAccessibleName(tr("What matches"));
  list_->setFocusPolicy(Qt::NoFocus);
  list_->setFrameShape(QFrame::NoFrame);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setTextElideMode(Qt::ElideMiddle);
  hint_->setObjectName("paletteHint");
  hint_->setMargin(4);
  hint_->setWordWrap(true);
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(4, 4, 4, 4);
  lines->setSpacing(2);
  lines->addWidget(list_);
  lines->addWidget(hint_);
  connect(list_, &QListWidget::itemClicked, this, &ChoiceList::clicked);
  hide();
}

void ChoiceList::setChoices(QList<Choice> choices, const QString& hint) {
  choices_ = std::move(choices);
  list_->clear();
  const int row = list_->fontMetrics().height() + kRowSpace;
  for (const Choice& choice : choices_) {
    auto* item = new QListWidgetItem(choice.text, list_);
    item->setToolTip(choice.tip);
    item->setSizeHint({0, row});
  }
  const auto rows = std::min<qsizetype>(choices_.size(), kRows);
  list_->setFixedHeight(row * static_cast<int>(rows));
  list_->setVisible(rows > 0);
  list_->setCurrentRow(rows > 0 && choices_.front().safe ? 0 : -1);
  hint_->setText(hint);
  hint_->setVisible(!hint.isEmpty());
  if (isVisible()) open();
}

void ChoiceList::open() {
  if (choices_.isEmpty() && hint_->text().isEmpty()) return hide();
  const QWidget& window = *parentWidget();
  const int width = std::min(std::max(kWidth, field_.width()), window.width() - 2 * kWindowGap);
  const QPoint below = field_.mapTo(&window, QPoint(0, field_.height() + 1));
  const int x = std::clamp(below.x(), kWindowGap, window.width() - kWindowGap - width);
  layout()->activate();
  const bool wraps = layout()->hasHeightForWidth();
  setGeometry(x, below.y(), width,
              wraps ? layout()->totalHeightForWidth(width) : layout()->totalSizeHint().height());
  show();
  raise();
}

void ChoiceList::move(int by) {
  if (choices_.isEmpty()) return;
  list_->setCurrentRow(std::clamp(list_->currentRow() + by, 0, list_->count() - 1));
}

const Choice* ChoiceList::current() const {
  const int row = list_->currentRow();
  return row < 0 ? nullptr : &choices_[row];
}

}  // namespace moescope
