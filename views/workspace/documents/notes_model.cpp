#include "views/workspace/documents/notes_model.h"

#include <QApplication>
#include <algorithm>
#include <array>

#include "views/common/positions.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {

/// One note before and after; nullopt where it is not there.
class NotesModel::Edit : public QUndoCommand {
 public:
  Edit(NotesModel& model, quint64 id, std::optional<Note> before, std::optional<Note> after,
       const QString& text)
      : QUndoCommand(text),
        model_(model),
        id_(id),
        before_(std::move(before)),
        after_(std::move(after)) {}
  void undo() override { model_.apply(id_, before_); }
  void redo() override { model_.apply(id_, after_); }

 private:
  NotesModel& model_;
  quint64 id_;
  std::optional<Note> before_, after_;
};

NotesModel::NotesModel(QUndoStack& undo, QObject* parent)
    : QAbstractTableModel(parent), undo_(undo) {}

void NotesModel::reset(TracePtr trace) {
  beginResetModel();
  trace_ = std::move(trace);
  notes_.clear();
  ids_.clear();
  stored_revision_ = revision_;
  endResetModel();
  Q_EMIT notesChanged();
  Q_EMIT dirtyChanged(false);
}

void NotesModel::load(const std::vector<Note>& stored) {
  if (!trace_ || stored.empty()) return;
  for (const Note& note : stored) insert(next_id_++, note);
  Q_EMIT notesChanged();
}

int NotesModel::add(Note note) {
  if (!trace_) return -1;
  if (note.span) note.track = note.span->track;
  const quint64 id = next_id_++;
  undo_.push(new Edit(*this, id, {}, std::move(note), tr("Add note")));
  return rowOf(id);
}

int NotesModel::change(int row, Note note, const QString& what) {
  if (row < 0 || row >= rowCount()) return -1;
  const auto at = static_cast<std::size_t>(row);
  if (notes_[at] == note) return row;
  const quint64 id = ids_[at];
  undo_.push(
      new Edit(*this, id, notes_[at], std::move(note), what.isEmpty() ? tr("Edit note") : what));
  return rowOf(id);
}

void NotesModel::remove(int row) {
  if (row < 0 || row >= rowCount()) return;
  const auto at = static_cast<std::size_t>(row);
  undo_.push(new Edit(*this, ids_[at], notes_[at], {}, tr("Remove note")));
}

int NotesModel::rowOf(quint64 id) const {
  const auto it = std::find(ids_.begin(), ids_.end(), id);
  return it == ids_.end() ? -1 : static_cast<int>(it - ids_.begin());
}

int NotesModel::upperBound(TimeNs time) const {
  const auto it = std::upper_bound(notes_.begin(), notes_.end(), time,
                                   [](TimeNs t, const Note& note) { return t < note.time; });
  return static_cast<int>(it - notes_.begin());
}

int NotesModel::insert(quint64 id, const Note& note) {
  const int row = upperBound(note.time);
  beginInsertRows({}, row, row);
  notes_.insert(notes_.begin() + row, note);
  ids_.insert(ids_.begin() + row, id);
  endInsertRows();
  return row;
}

int NotesModel::apply(quint64 id, const std::optional<Note>& note) {
  int row = rowOf(id);
  const auto at = static_cast<std::size_t>(row);
  if (row >= 0 && note && notes_[at].time == note->time) {
    notes_[at] = *note;
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
    touched();
    return row;
  }
  if (row >= 0) {
    beginRemoveRows({}, row, row);
    notes_.erase(notes_.begin() + row);
    ids_.erase(ids_.begin() + row);
    endRemoveRows();
  }
  row = note ? insert(id, *note) : -1;
  touched();
  return row;
}

void NotesModel::touched() {
  ++revision_;
  Q_EMIT notesChanged();
  Q_EMIT dirtyChanged(true);
}

void NotesModel::setStored(quint64 revision) {
  stored_revision_ = revision;
  Q_EMIT dirtyChanged(dirty());
}

int NotesModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(notes_.size());
}

int NotesModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant NotesModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Note& note = notes_[static_cast<std::size_t>(index.row())];
  if (role == kColorRole) return QString::fromStdString(note.color);
  if (role == Qt::DecorationRole && index.column() == Time)
    return note_color(Theme::of(QApplication::palette()), QString::fromStdString(note.color));
  if (role == Qt::TextAlignmentRole && index.column() == Time)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != Qt::EditRole) return {};
  if (index.column() == Text) return QString::fromStdString(note.text);
  if (index.column() == Time)
    return role == Qt::DisplayRole
               ? format_position(note.time, 1000, position_unit(trace_->range().end))
               : format_time_full(note.time);
  if (!note.track || *note.track >= trace_->tracks().size()) return tr("all tracks");
  QString where = QString::fromStdString(trace_->path(*note.track));
  if (note.span) {
    const std::string_view name = trace_->name(*note.span);
    where += tr(": %1").arg(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())));
  }
  return where;
}

bool NotesModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
  Note note = notes_[static_cast<std::size_t>(index.row())];
  if (role == Qt::EditRole && index.column() == Text) {
    note.text = value.toString().toStdString();
  } else if (role == kColorRole && note_colors().contains(value.toString())) {
    note.color = value.toString().toStdString();
  } else {
    return false;
  }
  change(index.row(), std::move(note));
  return true;
}

Qt::ItemFlags NotesModel::flags(const QModelIndex& index) const {
  const Qt::ItemFlags flags = QAbstractTableModel::flags(index) | Qt::ItemNeverHasChildren;
  return index.isValid() && index.column() == Text ? flags | Qt::ItemIsEditable : flags;
}

QVariant NotesModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Time"), tr("Note"), tr("Belongs to")};
  const std::array<QString, ColumnCount> tips = {tr("Time from the start of the trace"),
                                                 tr("Text of the note"),
                                                 tr("Track and span that the note is about")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

const QStringList& note_colors() {
  static const QStringList words = {"amber", "blue", "green", "violet", "grey"};
  return words;
}

QColor note_color(const Theme& theme, const QString& word) {
  // Hues away from the red of exposed communication.
  static const QHash<QString, std::array<const char*, 2>> colors = {
      {"amber", {"#B8860B", "#E5B94A"}},
      {"blue", {"#0B62D6", "#6CB0FF"}},
      {"green", {"#117A43", "#5CC98B"}},
      {"violet", {"#7B3FA0", "#C08CE0"}},
      {"grey", {"#5B6570", "#9AA5B1"}}};
  const auto found = colors.constFind(word);
  return QColor((found == colors.cend() ? colors["amber"] : *found)[theme.dark ? 1 : 0]);
}

QString note_color_label(const QString& word) {
  if (word == QLatin1String("blue")) return NotesModel::tr("Blue");
  if (word == QLatin1String("green")) return NotesModel::tr("Green");
  if (word == QLatin1String("violet")) return NotesModel::tr("Violet");
  if (word == QLatin1String("grey")) return NotesModel::tr("Grey");
  return NotesModel::tr("Amber");
}

}  // namespace moescope
