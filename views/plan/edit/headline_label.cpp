#include "views/plan/edit/headline_label.h"

#include <QEvent>
#include <QTextDocument>
#include <cmath>

namespace moescope {
namespace {

const QString kBetween = QStringLiteral(" · ");
constexpr int kLeast = 60;  // px of the second part, below which it is left to the tooltip

int width_of(const QString& html, const QFont& font) {
  QTextDocument document;
  document.setDefaultFont(font);
  document.setDocumentMargin(0);
  document.setHtml(html);
  return static_cast<int>(std::ceil(document.idealWidth()));
}

}  // namespace

HeadlineLabel::HeadlineLabel(QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::RichText);
  setTextInteractionFlags(Qt::TextSelectableByMouse);
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);  // what is below must not move
}

void HeadlineLabel::setParts(const QString& figures, const QString& of) {
  figures_ = figures;
  of_ = of;
  fit();
}

QString HeadlineLabel::whole() const {
  return of_.isEmpty() ? figures_ : figures_ + kBetween + of_.toHtmlEscaped();
}

void HeadlineLabel::resizeEvent(QResizeEvent* event) {
  QLabel::resizeEvent(event);
  fit();
}

void HeadlineLabel::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::FontChange) fit();
}

void HeadlineLabel::fit() {
  const int room = contentsRect().width() - width_of(figures_ + kBetween, font());
  const QString of = fontMetrics().elidedText(of_, Qt::ElideRight, room);
  const QString text =
      of_.isEmpty() || room < kLeast ? figures_ : figures_ + kBetween + of.toHtmlEscaped();
  if (text != this->text()) setText(text);
}

}  // namespace moescope
