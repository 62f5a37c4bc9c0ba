// The one box of the tool bar: finds spans, runs commands (">"), goes to steps ("#") and layers
// ("@"), asks in SQL
// ("="). Nothing that takes something away runs unless it was chosen with the arrow keys or the
// mouse.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <functional>
#include <optional>

#include "views/shell/choice_list.h"
#include "views/shell/command_list.h"
#include "views/shell/omni_input.h"

namespace moescope {

class Omnibox : public QLineEdit {
  Q_OBJECT

 public:
  explicit Omnibox(QWidget* parent = nullptr);
  void setCommands(std::function<CommandList()> commands) { commands_ = std::move(commands); }
  /// Without a trace it only runs commands.
  void setTraceOpen(bool open);
  /// Takes the keyboard. `prefix` is "" for spans, whose name typed before is selected.
  void begin(const QString& prefix);
  /// The answer to spansWanted(): how many there are, in numbers and in words.
  void showFound(int count, const QString& words);
  /// No span is looked for any more; a command that is being typed stays.
  void forgetSpans();
  /// Null before it was first open.
  const ChoiceList* choices() const { return choices_; }

 Q_SIGNALS:
  void spansWanted(const QString& name);  ///< with every letter; empty: none
  void nextWanted();
  void previousWanted();
  void hitsWanted();  ///< the list of them
  void stepWanted(quint64 number);
  void layerWanted(int layer);
  void sqlWanted(const QString& sql);

 protected:
  bool event(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void typed();
  void fill(bool open);
  void fillSpans(const QString& name);
  void fillCommands(const QString& pattern);
  static QString hintOfNone(const QString& pattern, const CommandList& commands);
  void fillStep(const QString& number);
  void fillLayer(const QString& number);
  void fillSql(const QString& sql);
  Choice choiceOf(const Command& command);
  void runCurrent();
  void findNext();
  void restore();
  void finish();
  void placeCount();

  std::function<CommandList()> commands_;
  QPointer<ChoiceList> choices_;
  QLabel* count_;             ///< of spans, inside the field
  QPointer<QWidget> before_;  ///< had the keyboard
  QString name_;              ///< of the spans that are looked for
  std::optional<int> found_;  ///< nullopt: not known yet
  QString found_words_;
  bool go_when_found_ = false;
  bool trace_open_ = false;
};

}  // namespace moescope
