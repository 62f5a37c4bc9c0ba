#include "views/shell/omnibox.h"

#include <QApplication>
#include <QKeyEvent>
#include <QTimer>

#include "views/common/destructive_action.h"

namespace moescope {
namespace {
constexpr qsizetype kCommandsBesideSpans = 5;
constexpr int kClearButton = 24;  // px
}  // namespace

Omnibox::Omnibox(QWidget* parent)
    : QLineEdit(parent), commands_([] { return CommandList(); }), count_(new QLabel(this)) {
  setObjectName("omnibox");
  setPlaceholderText(tr("Find spans   > command   # step   @ layer   = SQL"));
  setAccessibleName(tr("Find spans, run a command, go to a step or layer, or query"));
  setToolTip(
      tr("A part of a name finds spans, Return goes from one to the next.\n"
         "> runs a command, # goes to a step, @ to a layer, = asks in SQL."));
  setClearButtonEnabled(true);
  count_->setObjectName("omniCount");
  count_->setForegroundRole(QPalette::PlaceholderText);
  count_->setAttribute(Qt::WA_TransparentForMouseEvents);
  count_->hide();
  connect(this, &QLineEdit::textChanged, this, &Omnibox::typed);
  connect(qApp, &QApplication::focusChanged, this, [this](QWidget* old, QWidget* now) {
    if (now == this && old != nullptr) before_ = old;
  });
}

void Omnibox::setTraceOpen(bool open) {
  trace_open_ = open;
  found_.reset();
  placeCount();
}

void Omnibox::begin(const QString& prefix) {
  if (!prefix.isEmpty())
    setText(prefix);
  else if (read_omni_input(text()).kind != OmniKind::Spans)
    setText(name_);
  setFocus(Qt::ShortcutFocusReason);
  if (prefix.isEmpty())
    selectAll();
  else
    setCursorPosition(static_cast<int>(text().size()));  // and nothing selected
  fill(true);
}

void Omnibox::typed() {
  const OmniInput input = read_omni_input(text());
  if (input.kind == OmniKind::Spans && input.text != name_) {
    name_ = input.text;
    found_.reset();
    go_when_found_ = false;
    Q_EMIT spansWanted(name_);
  }
  placeCount();
  fill(hasFocus());
}

void Omnibox::showFound(int count, const QString& words) {
  found_ = count;
  found_words_ = words;
  placeCount();
  if (choices_ && choices_->isVisible()) fill(true);
  if (std::exchange(go_when_found_, false) && count > 0) Q_EMIT nextWanted();
}

void Omnibox::forgetSpans() {
  if (read_omni_input(text()).kind == OmniKind::Spans) return clear();
  name_.clear();
  found_.reset();
  placeCount();
}

void Omnibox::placeCount() {
  const bool shown = read_omni_input(text()).kind == OmniKind::Spans && !name_.isEmpty() &&
                     found_.has_value() && !found_words_.isEmpty();
  count_->setText(shown ? found_words_ : QString());
  count_->adjustSize();
  count_->setVisible(shown);
  setTextMargins(0, 0, shown ? count_->width() + 4 : 0, 0);
  count_->move(width() - kClearButton - count_->width(), (height() - count_->height()) / 2);
}

// --- the list ------------------------------------------------------------------------------------

void Omnibox::fill(bool open) {
  if (!open) return;
  if (!choices_) {
    choices_ = new ChoiceList(*this);
    connect(choices_, &ChoiceList::clicked, this, &Omnibox::runCurrent);
  }
  const OmniInput input = read_omni_input(text());
  switch (input.kind) {
    case OmniKind::Spans:
      fillSpans(input.text);
      break;
    case OmniKind::Commands:
      fillCommands(input.text);
      break;
    case OmniKind::Step:
      fillStep(input.text);
      break;
    case OmniKind::Layer:
      fillLayer(input.text);
      break;
    case OmniKind::Sql:
      fillSql(input.text);
      break;
  }
  choices_->open();
}

/// Spans, then commands of that name: a word may be meant as either.
void Omnibox::fillSpans(const QString& name) {
  if (name.isEmpty()) {
    return choices_->setChoices(
        {}, trace_open_
                ? tr("Type a part of a span's name, > and a command, # and a step's number, "
                     "@ and a layer's, or = and SQL.")
                : tr("Type a command. Open a trace to find its spans."));
  }
  QList<Choice> choices;
  const CommandList commands = commands_();
  for (const qsizetype index : rank_commands(name, commands)) {
    const Command& command = commands[index];
    if (choices.size() == kCommandsBesideSpans || is_destructive(*command.action)) break;
    if (command_name(command).contains(name, Qt::CaseInsensitive)) choices << choiceOf(command);
  }
  const bool none = found_ == 0;
  if (trace_open_ && !none) {
    choices.prepend({tr("List all of them in Find"), {}, true, [this] { Q_EMIT hitsWanted(); }});
    choices.prepend({found_ ? tr("Next span named “%1”: %2").arg(name, found_words_)
                            : tr("Next span named “%1”").arg(name),
                     {},
                     true,
                     [this] { findNext(); }});
  }
  choices_->setChoices(std::move(choices), trace_open_ && none
                                               ? tr("Spans named “%1”: %2").arg(name, found_words_)
                                               : QString());
}

void Omnibox::fillCommands(const QString& pattern) {
  QList<Choice> choices;
  const CommandList commands = commands_();
  for (const qsizetype index : rank_commands(pattern, commands))
    choices << choiceOf(commands[index]);
  QString hint;
  if (choices.isEmpty())
    hint = hintOfNone(pattern, commands);
  else if (!choices.front().safe)
    hint = tr("This command is destructive: choose it with the arrow keys.");
  choices_->setChoices(std::move(choices), hint);
}

/// Why nothing can be run: no command of that name, or what it waits for.
QString Omnibox::hintOfNone(const QString& pattern, const CommandList& commands) {
  const qsizetype index = disabled_command(pattern, commands);
  if (index < 0) return tr("No command is named “%1”.").arg(pattern);
  const Command& command = commands[index];
  const QString reason = command.action->statusTip();
  return reason.isEmpty()
             ? tr("“%1: %2” cannot run now.").arg(command.group, command_name(command))
             : tr("“%1: %2” cannot run now. %3").arg(command.group, command_name(command), reason);
}

void Omnibox::fillStep(const QString& number) {
  bool valid = false;
  const quint64 step = number.toULongLong(&valid);
  if (!trace_open_) return choices_->setChoices({}, tr("Open a trace to go to a step of it."));
  if (!valid) return choices_->setChoices({}, tr("Type the number of a step."));
  choices_->setChoices({{tr("Go to step %1").arg(step), {}, true, [this, step] {
                           Q_EMIT stepWanted(step);
                           restore();
                         }}});
}

void Omnibox::fillLayer(const QString& number) {
  bool valid = false;
  const int layer = number.toInt(&valid);
  if (!trace_open_) return choices_->setChoices({}, tr("Open a trace to go to a layer of it."));
  if (!valid || layer < 0) return choices_->setChoices({}, tr("Type the number of a layer."));
  // The text stays, to go on to its next run.
  choices_->setChoices(
      {{tr("Go to layer %1, where it runs next").arg(layer), {}, true, [this, layer] {
          Q_EMIT layerWanted(layer);
        }}});
}

void Omnibox::fillSql(const QString& sql) {
  if (!trace_open_) return choices_->setChoices({}, tr("Open a trace to query it."));
  if (sql.isEmpty()) return choices_->setChoices({}, tr("Type SQL, such as = SELECT * FROM spans"));
  choices_->setChoices({{tr("Run in Query: %1").arg(sql), sql, true, [this, sql] {
                           Q_EMIT sqlWanted(sql);
                           restore();
                         }}});
}

Choice Omnibox::choiceOf(const Command& command) {
  QString text = command.group + QStringLiteral(":  ") + command_name(command);
  if (const QKeySequence keys = command.action->shortcut(); !keys.isEmpty())
    text += QStringLiteral("    [%1]").arg(keys.toString(QKeySequence::NativeText));
  return {text, command.action->toolTip(), !is_destructive(*command.action),
          [this, action = command.action] {
            finish();
            // After the field has let go, so that the command finds the window's focus as it was.
            QTimer::singleShot(0, this, [action] {
              if (action) action->trigger();
            });
          }};
}

// --- keys ----------------------------------------------------------------------------------------

bool Omnibox::event(QEvent* event) {
  // Escape is the window's for the selection otherwise.
  if (event->type() == QEvent::ShortcutOverride &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  return QLineEdit::event(event);
}

void Omnibox::keyPressEvent(QKeyEvent* event) {
  const bool open = choices_ && choices_->isVisible();
  switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Down:
      open ? choices_->move(event->key() == Qt::Key_Up ? -1 : 1) : fill(true);
      return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (event->modifiers().testFlag(Qt::ShiftModifier)) {
        Q_EMIT previousWanted();
      } else if (open) {
        runCurrent();
      } else if (read_omni_input(text()).kind == OmniKind::Spans) {
        findNext();
      } else {
        fill(true);
      }
      return;
    case Qt::Key_Escape:
      open ? choices_->hide() : finish();
      return;
    default:
      QLineEdit::keyPressEvent(event);
  }
}

void Omnibox::runCurrent() {
  const Choice* choice = choices_ ? choices_->current() : nullptr;
  if (choice == nullptr) return;
  const auto run = choice->run;
  choices_->hide();
  run();
}

void Omnibox::findNext() {
  if (name_.isEmpty()) return;
  if (found_)
    Q_EMIT nextWanted();
  else
    go_when_found_ = true;
}

/// The name of the spans that are looked for comes back.
void Omnibox::restore() {
  if (read_omni_input(text()).kind == OmniKind::Spans)
    clear();
  else
    setText(name_);
  if (choices_) choices_->hide();
}

/// The keyboard goes back to where it was.
void Omnibox::finish() {
  restore();
  if (before_ && before_->isVisible())
    before_->setFocus(Qt::OtherFocusReason);
  else
    clearFocus();
}

void Omnibox::focusInEvent(QFocusEvent* event) {
  QLineEdit::focusInEvent(event);
  if (event->reason() == Qt::MouseFocusReason) fill(true);
}

void Omnibox::focusOutEvent(QFocusEvent* event) {
  QLineEdit::focusOutEvent(event);
  if (choices_) choices_->hide();
}

void Omnibox::resizeEvent(QResizeEvent* event) {
  QLineEdit::resizeEvent(event);
  placeCount();
}

}  // namespace moescope
