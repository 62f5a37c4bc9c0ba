// The notes of the open trace, ordered by time; every edit can be undone.
#pragma once

#include <QAbstractTableModel>
#include <QUndoStack>
#include <optional>
#include <vector>

#include "core/trace/file/notes_file.h"

namespace moescope {

struct Theme;

class NotesModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Time, Text, Where, ColumnCount };
  static constexpr int kColorRole = Qt::UserRole + 1;  ///< QString: word of the hue

  explicit NotesModel(QUndoStack& undo, QObject* parent = nullptr);

  /// Forgets everything and belongs to `trace` (null: none) from now on; not undoable.
  void reset(TracePtr trace);
  /// The same trace with more spans: the notes stay.
  void grow(TracePtr trace) { trace_ = std::move(trace); }
  /// Adds notes that were stored; neither undoable nor a change to be stored.
  void load(const std::vector<Note>& stored);

  /// By time; row i of the table is notes()[i].
  const std::vector<Note>& notes() const { return notes_; }
  const TracePtr& trace() const { return trace_; }

  /// Undoable; returns the row of the new note, -1 without a trace.
  int add(Note note);
  /// Undoable. The row may move when the time differs; the new row is returned.
  int change(int row, Note note, const QString& what = {});
  void remove(int row);

  /// Grows with every edit; setStored() marks an edit as stored.
  quint64 revision() const { return revision_; }
  bool dirty() const { return revision_ != stored_revision_; }
  void setStored(quint64 revision);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  /// After any difference in notes(): edits, undo, loading, another trace.
  void notesChanged();
  void dirtyChanged(bool dirty);

 private:
  class Edit;
  /// Replaces note `id` by `note`; nullopt removes it. Returns its row, -1 when removed.
  int apply(quint64 id, const std::optional<Note>& note);
  int insert(quint64 id, const Note& note);
  int rowOf(quint64 id) const;
  int upperBound(TimeNs time) const;
  void touched();

  QUndoStack& undo_;
  TracePtr trace_;
  std::vector<Note> notes_;
  std::vector<quint64> ids_;  ///< names of the notes for the undo history, row by row
  quint64 next_id_ = 0, revision_ = 0, stored_revision_ = 0;
};

/// The hues a note can have, the usual one first.
const QStringList& note_colors();
/// Colour of a flag or a swatch; unknown words get the usual hue.
QColor note_color(const Theme& theme, const QString& word);
/// Word for the user.
QString note_color_label(const QString& word);

}  // namespace moescope
