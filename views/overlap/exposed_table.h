// The longest exposed communication: when, how long, which kernel, in which layer.
#pragma once

#include <QTableWidget>
#include <functional>

#include "core/analysis/overlap/exposed.h"
#include "views/common/job.h"
#include "views/overlap/exposed_list.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

class ExposedTable : public QTableWidget {
  Q_OBJECT

 public:
  explicit ExposedTable(QWidget* parent = nullptr);

  /// Lists the longest of `list`, longest first. What runs in them is looked up by a job while the
  /// table is seen.
  void show(TracePtr trace, AnalysisPtr analysis, ExposedList list);
  void clear();
  const ExposedList& list() const { return list_; }
  bool busy() const { return job_.running(); }

 Q_SIGNALS:
  /// Activated or clicked.
  void chosen(const moescope::Exposed& exposed);

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void lookUp();
  void fillTimes();
  void fillCauses(const std::vector<ExposedCause>& causes);

  TracePtr trace_;
  AnalysisPtr analysis_;
  ExposedList list_;
  std::vector<Exposed> shown_;  ///< by row
  bool wanted_ = false;         ///< what runs in them is not looked up yet
  JobRunner job_;
};

}  // namespace moescope
