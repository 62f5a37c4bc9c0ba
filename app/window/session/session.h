// What is remembered between runs: recent files, the last session, layouts, the theme, the size of
// texts.
#pragma once

#include <QByteArray>
#include <QObject>
#include <QSettings>
#include <QStringList>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// One entry of the recent list; several files that were opened together are one entry.
struct RecentEntry {
  QStringList files;
  bool pinned = false;
  bool missing() const;    ///< true when one of the files is not there now
  QString name() const;    ///< "run.json" or "run0.json + 3 more"
  QString folder() const;  ///< of the first file
  QString label() const;   ///< both
};

class Session : public QObject {
  Q_OBJECT

 public:
  static constexpr int kMaxRecent = 12;

  explicit Session(QObject* parent = nullptr);

  /// Pinned first, then by last use.
  std::vector<RecentEntry> recent() const;
  void addRecent(const QStringList& files);
  void setPinned(const QStringList& files, bool pinned);
  void removeRecent(const QStringList& files);
  /// Forgets all that are not pinned.
  void clearRecent();

  QStringList lastFiles() const;
  TimeRange lastRange() const;
  void setLast(const QStringList& files, TimeRange range);

  QByteArray value(const QString& key) const { return settings_.value(key).toByteArray(); }
  void setValue(const QString& key, const QByteArray& value) { settings_.setValue(key, value); }
  /// "system", "light" or "dark".
  QString theme() const;
  void setTheme(const QString& theme);
  /// "small", "normal" or "large".
  QString textSize() const;
  void setTextSize(const QString& size);
  QStringList layoutNames() const;
  QByteArray layout(const QString& name) const;
  void setLayout(const QString& name, const QByteArray& state);
  void removeLayout(const QString& name);

 Q_SIGNALS:
  void recentChanged();
  void layoutsChanged();

 private:
  void store(const std::vector<RecentEntry>& entries);
  QSettings settings_;
};

}  // namespace moescope
