// The trace that the open one is held against.
#pragma once

#include <QObject>
#include <QStringList>

#include "core/trace/trace.h"

namespace moescope {

class CompareDocument : public QObject {
  Q_OBJECT

 public:
  explicit CompareDocument(QObject* parent = nullptr) : QObject(parent) {}

  /// What was before, A; null when nothing is compared. The open trace is B.
  const TracePtr& before() const { return before_; }
  const QStringList& files() const { return files_; }
  void setBefore(TracePtr trace, QStringList files) {
    before_ = std::move(trace);
    files_ = std::move(files);
    Q_EMIT changed();
  }

 Q_SIGNALS:
  void changed();

 private:
  TracePtr before_;
  QStringList files_;
};

}  // namespace moescope
