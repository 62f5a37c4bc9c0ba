#include "views/notes/notes_panel.h"

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QToolButton>
#include <QVBoxLayout>

#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/common/row_height.h"
#include "views/common/theme.h"

namespace moescope {

NotesPanel::NotesPanel(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      revealer_(document, selection),
      table_(new QTableView(this)),
      empty_(new QLabel(tr("No notes yet. N adds one at the selected span or at the pointer. Notes "
                           "are kept in a file beside the trace."),
                        this)) {
  setObjectName("notesPanel");
  table_->setObjectName("notesTable");
  table_->setAccessibleName(tr("Notes by time"));
  table_->setModel(&document_.notes());
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::SelectedClicked);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->verticalHeader()->hide();
  fit_rows_to_text(*table_, 8);
  table_->horizontalHeader()->setSectionResizeMode(NotesModel::Text, QHeaderView::Stretch);
  table_->horizontalHeader()->setStretchLastSection(false);
  table_->setColumnWidth(NotesModel::Time, fontMetrics().horizontalAdvance("000.000 000 s") + 40);
  table_->setColumnWidth(NotesModel::Where, 320);
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(table_, 1);
  layout->addWidget(empty_, 1);
  addCommands();
  connect(table_, &QTableView::doubleClicked, this,
          [this](const QModelIndex& index) { goTo(index.row()); });
  connect(table_, &QTableView::activated, this,
          [this](const QModelIndex& index) { goTo(index.row()); });
  connect(&document_.notes(), &NotesModel::notesChanged, this, &NotesPanel::refresh);
  connect(table_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          &NotesPanel::refresh);
  refresh();
}

QAction* NotesPanel::addCommand(const QString& name, const QString& text, const QString& tip) {
  QAction* action = add_command(this, "notes." + name, text, tip);
  table_->addAction(action);
  row_actions_ << action;
  return action;
}

void NotesPanel::addCommands() {
  auto* line = new QHBoxLayout;
  const auto button = [&](QAction* action) {
    auto* made = new QToolButton(this);
    made->setDefaultAction(action);
    made->setAutoRaise(true);
    line->addWidget(made);
    return made;
  };
  QAction* go = addCommand("go_to", tr("Go to note"), tr("Show the time of the note"));
  connect(go, &QAction::triggered, this, [this] { goTo(table_->currentIndex().row()); });
  button(go);
  QAction* edit = addCommand("edit", tr("Edit note"), tr("Change the text of the note"));
  edit->setShortcut(QKeySequence("F2"));
  connect(edit, &QAction::triggered, this,
          [this] { table_->edit(table_->currentIndex().siblingAtColumn(NotesModel::Text)); });
  button(edit);
  QAction* remove =
      mark_destructive(addCommand("remove", tr("Remove note"), tr("Remove the current note")));
  remove->setShortcut(QKeySequence::Delete);
  connect(remove, &QAction::triggered, this, &NotesPanel::removeNote);
  button(remove);
  QAction* color = addCommand("color", tr("Colour"), tr("Colour of the note and of its flag"));
  auto* colors = new QMenu(this);
  for (const QString& word : note_colors()) {
    QAction* choice = colors->addAction(note_color_label(word));
    QPixmap swatch(12, 12);
    swatch.fill(note_color(Theme::of(palette()), word));
    choice->setIcon(QIcon(swatch));
    connect(choice, &QAction::triggered, this, [this, word] {
      const QModelIndex index = table_->currentIndex();
      if (index.isValid()) document_.notes().setData(index, word, NotesModel::kColorRole);
    });
  }
  color->setMenu(colors);
  button(color)->setPopupMode(QToolButton::InstantPopup);
  line->addStretch();
  static_cast<QVBoxLayout*>(layout())->addLayout(line);
}

Note NotesPanel::noteHere() const {
  Note note;
  if (const SpanRef span = selection_.currentSpan(); span.valid()) {
    note.time = document_.trace()->span(span).start;
    note.span = span;
    note.track = span.track;
  } else if (selection_.cursor()) {
    note.time = *selection_.cursor();
  } else if (selection_.area()) {
    note.time = selection_.area()->range.begin;
    if (selection_.area()->tracks.size() == 1) note.track = selection_.area()->tracks.front();
  } else {
    note.time = selection_.range().begin + selection_.range().length() / 2;
  }
  return note;
}

void NotesPanel::addNote() {
  if (!document_.trace()) return;
  Note note = noteHere();
  note.text = tr("Note").toStdString();
  const int row = document_.notes().add(std::move(note));
  const QModelIndex index = document_.notes().index(row, NotesModel::Text);
  table_->setCurrentIndex(index);
  table_->scrollTo(index);
  // After the dock is raised and laid out: an editor opened earlier would lose the focus.
  QMetaObject::invokeMethod(
      this, [this, index = QPersistentModelIndex(index)] { table_->edit(index); },
      Qt::QueuedConnection);
}

void NotesPanel::removeNote() {
  document_.notes().remove(table_->currentIndex().row());
}

void NotesPanel::goTo(int row) {
  const auto& notes = document_.notes().notes();
  if (row < 0 || static_cast<std::size_t>(row) >= notes.size()) return;
  const Note note = notes[static_cast<std::size_t>(row)];
  if (note.span) {
    revealer_.reveal(*note.span);
    return;
  }
  const TimeRange range = selection_.range();
  if (note.time < range.begin || note.time >= range.end) {
    const TimeNs begin = note.time - range.length() / 2;
    selection_.setRange({begin, begin + range.length()});
  }
  selection_.setCursor(note.time);
}

void NotesPanel::refresh() {
  const bool some = document_.notes().rowCount() > 0;
  table_->setVisible(some);
  empty_->setVisible(!some);
  const bool current = some && table_->currentIndex().isValid();
  for (QAction* action : row_actions_) action->setEnabled(current);
}

}  // namespace moescope
