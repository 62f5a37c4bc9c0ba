#include "views/query/sql_editor.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QFontDatabase>
#include <QKeyEvent>
#include <QRegularExpression>
#include <QScrollBar>
#include <QSyntaxHighlighter>

#include "core/query/table_list.h"
#include "views/common/theme.h"

namespace moescope {
namespace {

constexpr int kFewestLetters = 2;

const QStringList& keywords() {
  static const QStringList words = {
      "SELECT", "FROM",    "WHERE",   "GROUP",    "BY",   "ORDER", "HAVING", "LIMIT",     "JOIN",
      "LEFT",   "ON",      "USING",   "WITH",     "AS",   "AND",   "OR",     "NOT",       "IN",
      "LIKE",   "GLOB",    "BETWEEN", "IS",       "NULL", "CASE",  "WHEN",   "THEN",      "ELSE",
      "END",    "UNION",   "ALL",     "DISTINCT", "ASC",  "DESC",  "OVER",   "PARTITION", "ROWS",
      "VALUES", "EXPLAIN", "COUNT",   "SUM",      "AVG",  "MIN",   "MAX"};
  return words;
}

QStringList completions() {
  QStringList words = keywords();
  for (const TableDescription& table : trace_table_list()) {
    words << QString::fromStdString(table.name);
    for (const TableColumn& column : table.columns) words << QString::fromStdString(column.name);
  }
  words.removeDuplicates();
  words.sort(Qt::CaseInsensitive);
  return words;
}

class SqlColours : public QSyntaxHighlighter {
 public:
  using QSyntaxHighlighter::QSyntaxHighlighter;

 protected:
  void highlightBlock(const QString& text) override {
    static const QRegularExpression keyword(
        QStringLiteral("\\b(?:%1)\\b").arg(keywords().join(QLatin1Char('|'))),
        QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression quoted(QStringLiteral("'[^']*'")),
        comment(QStringLiteral("--.*$"));
    const Theme& theme = Theme::of(QApplication::palette());
    QTextCharFormat bold;
    bold.setFontWeight(QFont::DemiBold);
    bold.setForeground(theme.color(SpanClass::Attention));
    paint(text, keyword, bold);
    QTextCharFormat literal;
    literal.setForeground(theme.color(SpanClass::Expert));
    paint(text, quoted, literal);
    QTextCharFormat aside;
    aside.setForeground(theme.muted_text);
    paint(text, comment, aside);
  }

 private:
  void paint(const QString& text, const QRegularExpression& what, const QTextCharFormat& format) {
    for (auto it = what.globalMatch(text); it.hasNext();) {
      const auto match = it.next();
      setFormat(static_cast<int>(match.capturedStart()), static_cast<int>(match.capturedLength()),
                format);
    }
  }
};

}  // namespace

SqlEditor::SqlEditor(QWidget* parent)
    : QPlainTextEdit(parent), completer_(new QCompleter(completions(), this)) {
  setObjectName("sqlEditor");
  setAccessibleName(tr("SQL"));
  setPlaceholderText(tr("SELECT … FROM spans: Ctrl+Return runs it, Ctrl+Space completes"));
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  setTabChangesFocus(true);
  new SqlColours(document());
  completer_->setWidget(this);
  completer_->setCaseSensitivity(Qt::CaseInsensitive);
  completer_->setCompletionMode(QCompleter::PopupCompletion);
  connect(completer_, qOverload<const QString&>(&QCompleter::activated), this, &SqlEditor::insert);
}

QString SqlEditor::wordBefore() const {
  QTextCursor cursor = textCursor();
  cursor.movePosition(QTextCursor::StartOfWord, QTextCursor::KeepAnchor);
  return cursor.selectedText();
}

void SqlEditor::insert(const QString& word) {
  QTextCursor cursor = textCursor();
  cursor.movePosition(QTextCursor::StartOfWord, QTextCursor::KeepAnchor);
  cursor.insertText(word);
  setTextCursor(cursor);
}

void SqlEditor::complete() {
  completer_->setCompletionPrefix(wordBefore());
  QRect where = cursorRect();
  where.setWidth(completer_->popup()->sizeHintForColumn(0) +
                 completer_->popup()->verticalScrollBar()->sizeHint().width());
  completer_->complete(where);
}

void SqlEditor::keyPressEvent(QKeyEvent* event) {
  const bool popup = completer_->popup()->isVisible();
  const bool control = event->modifiers().testFlag(Qt::ControlModifier);
  const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  if (popup && (enter || event->key() == Qt::Key_Escape || event->key() == Qt::Key_Tab))
    return event->ignore();  // the list of completions takes it
  if (enter && control) return Q_EMIT runRequested();
  const bool asked = control && event->key() == Qt::Key_Space;
  if (!asked) QPlainTextEdit::keyPressEvent(event);
  const bool typed = !event->text().isEmpty() && event->text().front().isLetter();
  if (asked || (typed && wordBefore().size() >= kFewestLetters))
    complete();
  else if (popup)
    completer_->popup()->hide();
}

}  // namespace moescope
