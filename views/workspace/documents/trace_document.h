// The open document: one immutable trace, how it is classified, and the analyses that views show.
#pragma once

#include <QObject>
#include <QStringList>
#include <QUndoStack>

#include "core/analysis/results.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {

/// Holds the trace and its results and notifies the views when either changed. Both stay in place
/// until their successors are complete, so that no view ever goes blank. Without a trace: null
/// pointers.
class TraceDocument : public QObject {
  Q_OBJECT

 public:
  explicit TraceDocument(QObject* parent = nullptr) : QObject(parent) {}

  const TracePtr& trace() const { return trace_; }
  /// Another number for every trace whose spans are named differently; a trace that grows keeps it.
  quint64 traceNumber() const { return trace_number_; }
  /// True once the trace grew: it is being recorded, or was until now.
  bool growing() const { return growing_; }
  const QStringList& files() const { return files_; }  ///< as opened by the user
  /// Null until the first analysis of this trace is done.
  const AnalysisPtr& analysis() const { return analysis_; }
  const RuleSet& rules() const { return rules_; }

  void setTrace(TracePtr trace, QStringList files);
  /// The recording that was watched, now from its complete file and analysed: another trace for
  /// references to spans, the same one for times and choices.
  void completeTrace(TracePtr trace, QStringList files, AnalysisPtr analysis);
  /// While completeTrace() announces its trace.
  bool completing() const { return completing_; }
  /// The same trace with more spans, while it is recorded: notes, undo history and the analysis
  /// stay, references to spans too unless `evicted`: then the oldest spans are gone.
  void growTrace(TracePtr trace, bool evicted = false);
  void setAnalysis(AnalysisPtr analysis);
  /// Asks for a new analysis with these rules: emits rulesChanged.
  void setRules(RuleSet rules);

  /// Edits of this document in the order they were made: notes, rules, pinned and hidden rows.
  /// Another trace empties it.
  QUndoStack& undoStack() { return undo_; }
  NotesModel& notes() { return notes_; }

 Q_SIGNALS:
  void traceAboutToChange();
  void traceChanged();            ///< another trace: analysis() is null until analysisChanged
  void traceGrown(bool evicted);  ///< analysis() is of an earlier moment until analysisChanged
  void analysisChanged();
  void rulesChanged();

 private:
  TracePtr trace_;
  quint64 trace_number_ = 0;
  bool growing_ = false, completing_ = false;
  QStringList files_;
  AnalysisPtr analysis_;
  RuleSet rules_ = RuleSet::built_in();
  QUndoStack undo_;
  NotesModel notes_{undo_};
};

}  // namespace moescope
