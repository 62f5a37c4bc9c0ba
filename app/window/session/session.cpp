#include "app/window/session/session.h"

#include <QFileInfo>
#include <algorithm>

namespace moescope {

bool RecentEntry::missing() const {
  return std::any_of(files.begin(), files.end(),
                     [](const QString& file) { return !QFileInfo::exists(file); });
}

QString RecentEntry::name() const {
  const QString first = QFileInfo(files.value(0)).fileName();
  return files.size() == 1 ? first : QObject::tr("%1 + %2 more").arg(first).arg(files.size() - 1);
}

QString RecentEntry::folder() const {
  return QFileInfo(files.value(0)).absolutePath();
}

QString RecentEntry::label() const {
  return QStringLiteral("%1  (%2)").arg(name(), folder());
}

Session::Session(QObject* parent) : QObject(parent) {}

std::vector<RecentEntry> Session::recent() const {
  std::vector<RecentEntry> entries;
  // value() and not beginReadArray(), which is not const.
  const QVariantList list = settings_.value("recent/entries").toList();
  for (const QVariant& item : list) {
    const QVariantMap map = item.toMap();
    RecentEntry entry{map.value("files").toStringList(), map.value("pinned").toBool()};
    if (!entry.files.isEmpty()) entries.push_back(std::move(entry));
  }
  std::stable_partition(entries.begin(), entries.end(),
                        [](const RecentEntry& entry) { return entry.pinned; });
  return entries;
}

void Session::store(const std::vector<RecentEntry>& entries) {
  QVariantList list;
  int unpinned = 0;
  for (const RecentEntry& entry : entries) {
    if (!entry.pinned && ++unpinned > kMaxRecent) continue;
    list << QVariantMap{{"files", entry.files}, {"pinned", entry.pinned}};
  }
  settings_.setValue("recent/entries", list);
  Q_EMIT recentChanged();
}

void Session::addRecent(const QStringList& files) {
  auto entries = recent();
  RecentEntry added{files, false};
  std::erase_if(entries, [&](const RecentEntry& entry) {
    if (entry.files != files) return false;
    added.pinned = entry.pinned;
    return true;
  });
  entries.insert(entries.begin(), added);
  store(entries);
}

void Session::setPinned(const QStringList& files, bool pinned) {
  auto entries = recent();
  for (RecentEntry& entry : entries)
    if (entry.files == files) entry.pinned = pinned;
  store(entries);
}

void Session::removeRecent(const QStringList& files) {
  auto entries = recent();
  std::erase_if(entries, [&](const RecentEntry& entry) { return entry.files == files; });
  store(entries);
}

void Session::clearRecent() {
  auto entries = recent();
  std::erase_if(entries, [](const RecentEntry& entry) { return !entry.pinned; });
  store(entries);
}

QStringList Session::lastFiles() const {
  return settings_.value("last/files").toStringList();
}

TimeRange Session::lastRange() const {
  return {settings_.value("last/begin").toLongLong(), settings_.value("last/end").toLongLong()};
}

void Session::setLast(const QStringList& files, TimeRange range) {
  settings_.setValue("last/files", files);
  settings_.setValue("last/begin", static_cast<qlonglong>(range.begin));
  settings_.setValue("last/end", static_cast<qlonglong>(range.end));
}

QString Session::theme() const {
  return settings_.value("theme", "system").toString();
}
void Session::setTheme(const QString& theme) {
  settings_.setValue("theme", theme);
}

QString Session::textSize() const {
  return settings_.value("textSize", "normal").toString();
}
void Session::setTextSize(const QString& size) {
  settings_.setValue("textSize", size);
}

QStringList Session::layoutNames() const {
  return settings_.value("layouts").toMap().keys();
}
QByteArray Session::layout(const QString& name) const {
  return settings_.value("layouts").toMap().value(name).toByteArray();
}
void Session::setLayout(const QString& name, const QByteArray& state) {
  auto map = settings_.value("layouts").toMap();
  map.insert(name, state);
  settings_.setValue("layouts", map);
  Q_EMIT layoutsChanged();
}
void Session::removeLayout(const QString& name) {
  auto map = settings_.value("layouts").toMap();
  map.remove(name);
  settings_.setValue("layouts", map);
  Q_EMIT layoutsChanged();
}

}  // namespace moescope
