#include "views/timeline/lanes/row_model.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

QString text(std::string_view s) {
  return QString::fromUtf8(s.data(), static_cast<qsizetype>(s.size()));
}

/// "0, 3–7, 12".
QString number_ranges(std::vector<int> numbers) {
  std::sort(numbers.begin(), numbers.end());
  QStringList parts;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    parts << (end - i > 2 ? QStringLiteral("%1–%2").arg(numbers[i]).arg(numbers[end - 1])
                          : QString::number(numbers[i]));
    if (end - i == 2) parts << QString::number(numbers[end - 1]);
    i = end;
  }
  return parts.join(", ");
}

}  // namespace

struct RowModel::Group {
  ProcessId process = 0;
  std::map<int, std::vector<TrackId>> devices;
  std::vector<TrackId> threads;
};

void RowModel::setTrace(TracePtr trace, bool keep) {
  trace_ = std::move(trace);
  lane_totals_.clear();
  if (!keep) {
    choices_.pinned.clear();
    choices_.hidden.clear();
    collapsed_.clear();
    expanded_.clear();
    filter_.reset();
    arrangement_.clear();
    foldMany();
    applyPinRule();
  }
  rebuild();
}

/// What would be more than can be looked at starts folded.
void RowModel::foldMany() {
  const auto all = groups();
  std::size_t threads = 0, with_devices = 0;
  for (const auto& group : all) {
    threads += group.threads.size();
    with_devices += group.devices.empty() ? 0 : 1;
  }
  for (const auto& group : all) {
    if (group.devices.empty()) continue;
    if (threads > kThreadsShown && !group.threads.empty())
      collapsed_.insert({RowKind::Threads, group.process});
    if (with_devices > kRanksOpen) collapsed_.insert({RowKind::Process, group.process});
  }
}

void RowModel::setArrangement(RankArrangement arrangement) {
  if (arrangement == arrangement_) return;
  arrangement_ = std::move(arrangement);
  rebuild();
}

void RowModel::growTrace(TracePtr trace) {
  const TracePtr before = std::exchange(trace_, std::move(trace));
  for (TrackId track = 0; track < trace_->tracks().size(); ++track) {
    const bool was_empty = track >= before->tracks().size() || before->span_count(track) == 0;
    if (was_empty == (trace_->span_count(track) == 0)) continue;
    rebuild();
    return;
  }
}

void RowModel::setLaneTotals(const std::map<TrackId, int>& totals) {
  bool differs = false;
  for (const auto& [track, total] : totals) {
    auto& known = lane_totals_[track];
    differs |= known != total && (known > 1 || total > 1);
    known = total;
  }
  if (differs) rebuild();
}

void RowModel::setProcessFilter(std::optional<ProcessId> process) {
  if (process == filter_) return;
  filter_ = process;
  rebuild();
}

void RowModel::setNameFilter(const QString& text) {
  const QString wanted = text.trimmed();
  if (wanted == name_filter_) return;
  name_filter_ = wanted;
  rebuild();
}

std::vector<RowKey> RowModel::matching() const {
  std::vector<RowKey> keys;
  if (name_filter_.isEmpty()) return keys;
  for (const auto& row : rows_)
    if (row.canPin() && row.path.contains(name_filter_, Qt::CaseInsensitive))
      keys.push_back(row.key);
  return keys;
}

/// False when no row matches.
bool RowModel::appendMatching(const std::vector<Group>& groups) {
  for (const auto& group : groups) {
    if (filter_ && *filter_ != group.process) continue;
    std::vector<TimelineRow> every;
    appendProcess(group, true, 0, every);
    const auto leave = [&](const TimelineRow& row) {
      return !row.canPin() || row.pinned || !row.path.contains(name_filter_, Qt::CaseInsensitive);
    };
    TimelineRow header = every.front();
    std::erase_if(every, leave);
    if (every.empty()) continue;
    header.collapsible = header.collapsed = false;
    header.ribbon.reset();
    rows_.push_back(std::move(header));
    rows_.insert(rows_.end(), every.begin(), every.end());
  }
  return !rows_.empty();
}

std::vector<RowModel::Group> RowModel::groups() const {
  std::vector<Group> result;
  if (!trace_) return result;
  std::map<ProcessId, Group> by_process;
  const auto& tracks = trace_->tracks();
  for (TrackId id = 0; id < tracks.size(); ++id) {
    if (trace_->span_count(id) == 0) continue;
    auto& group = by_process[tracks[id].process];
    group.process = tracks[id].process;
    if (tracks[id].type == TrackType::DeviceStream)
      group.devices[tracks[id].device].push_back(id);
    else
      group.threads.push_back(id);
  }
  const auto by_id = [&](TrackId a, TrackId b) {
    return std::tie(tracks[a].id, a) < std::tie(tracks[b].id, b);
  };
  for (auto& [process, group] : by_process) {
    for (auto& [device, streams] : group.devices) std::sort(streams.begin(), streams.end(), by_id);
    std::sort(group.threads.begin(), group.threads.end(), by_id);
    result.push_back(std::move(group));
  }
  std::map<ProcessId, std::size_t> place;  // in the arrangement
  for (const auto& alike : arrangement_)
    for (const auto& rank : alike) place.emplace(rank.process, place.size());
  const auto order = [&](const Group& group) {
    constexpr int kLast = std::numeric_limits<int>::max();
    const auto at = place.find(group.process);
    const auto& processes = trace_->processes();
    const bool known = group.process < processes.size();
    return std::pair(at == place.end() ? place.size() : at->second,
                     known ? processes[group.process].rank.value_or(kLast) : kLast);
  };
  std::stable_sort(result.begin(), result.end(),
                   [&](const Group& a, const Group& b) { return order(a) < order(b); });
  return result;
}

TimelineRow RowModel::trackRow(TrackId track, int indent) const {
  TimelineRow row;
  row.key = {RowKind::Track, trace_->tracks()[track].process, trace_->tracks()[track].device,
             track};
  row.title = text(trace_->tracks()[track].name);
  row.path = text(trace_->path(track));
  row.indent = indent;
  const auto it = lane_totals_.find(track);
  row.lane_total = it == lane_totals_.end() ? 1 : std::max(1, it->second);
  const bool expanded = expanded_.contains(row.key);
  row.lanes = expanded ? row.lane_total : std::min(row.lane_total, kLaneCap);
  row.collapsible = row.lane_total > kLaneCap;
  row.collapsed = row.collapsible && !expanded;
  if (row.lanes < row.lane_total) row.detail = tr("+%1 levels").arg(row.lane_total - row.lanes);
  row.pinned = isPinned(row.key);
  return row;
}

bool RowModel::processHidden(ProcessId process) const {
  return (filter_ && *filter_ != process) || choices_.hidden.contains({RowKind::Process, process});
}

bool RowModel::shown(const RowKey& key, bool everything) const {
  return everything || (!choices_.hidden.contains(key) && !isPinned(key));
}

QString RowModel::label(ProcessId process) const {
  const auto& processes = trace_->processes();
  return process < processes.size() && !processes[process].label.empty()
             ? text(processes[process].label)
             : tr("process %1").arg(process);
}

std::optional<DeviceKey> RowModel::shownDevice(const Group& group) const {
  if (group.devices.empty()) return {};
  for (const auto& alike : arrangement_)
    for (const auto& rank : alike)
      if (rank.process == group.process && group.devices.contains(rank.device))
        return DeviceKey{group.process, rank.device};
  return DeviceKey{group.process, group.devices.begin()->first};
}

void RowModel::appendProcess(const Group& group, bool everything, int indent,
                             std::vector<TimelineRow>& out) const {
  TimelineRow header;
  header.key = {RowKind::Process, group.process};
  header.title = header.path = label(group.process);
  header.indent = indent;
  const auto& processes = trace_->processes();
  if (group.process < processes.size() && !processes[group.process].pid.empty())
    header.detail = tr("process %1").arg(text(processes[group.process].pid));
  header.collapsible = true;
  header.collapsed = collapsed_.contains(header.key);
  if (header.collapsed) {
    header.ribbon = shownDevice(group);
    if (header.ribbon && group.devices.size() > 1)
      header.detail = tr("%1, one of %2")
                          .arg(QString::fromStdString(device_word(*trace_, *header.ribbon)))
                          .arg(group.devices.size());
  }
  out.push_back(header);
  if (header.collapsed && !everything) return;
  appendDevices(group, header, everything, out);
  appendThreads(group, header, everything, out);
}

void RowModel::appendDevices(const Group& group, const TimelineRow& header, bool everything,
                             std::vector<TimelineRow>& out) const {
  for (const auto& [index, streams] : group.devices) {
    const DeviceKey key{group.process, index};
    TimelineRow ribbon;
    ribbon.key = {RowKind::Ribbon, group.process, index};
    ribbon.title = tr("%1 overlap").arg(QString::fromStdString(device_word(*trace_, key)));
    if (const auto* device = find_device(*trace_, key)) ribbon.detail = text(device->name);
    ribbon.path = header.path + " > " + ribbon.title;
    ribbon.indent = header.indent + 1;
    ribbon.pinned = isPinned(ribbon.key);
    ribbon.ribbon = key;
    if (shown(ribbon.key, everything)) out.push_back(ribbon);
    for (const auto track : streams) {
      auto row = trackRow(track, header.indent + 1);
      if (shown(row.key, everything)) out.push_back(std::move(row));
    }
  }
}

void RowModel::appendThreads(const Group& group, const TimelineRow& header, bool everything,
                             std::vector<TimelineRow>& out) const {
  if (group.threads.empty()) return;
  TimelineRow threads;
  threads.key = {RowKind::Threads, group.process};
  threads.title = tr("Host threads");
  threads.detail = QString::number(group.threads.size());
  threads.path = header.path + " > " + threads.title;
  threads.indent = header.indent + 1;
  threads.collapsible = true;
  threads.collapsed = collapsed_.contains(threads.key);
  if (!shown(threads.key, everything)) return;
  out.push_back(threads);
  if (threads.collapsed && !everything) return;
  for (const auto track : group.threads) {
    auto row = trackRow(track, header.indent + 2);
    if (shown(row.key, everything)) out.push_back(std::move(row));
  }
}

/// One row for ranks that are alike; of one rank: its own rows.
void RowModel::appendAlike(const std::vector<const Group*>& members,
                           std::vector<TimelineRow>& out) const {
  if (members.size() == 1) return appendProcess(*members.front(), false, 0, out);
  TimelineRow header;
  header.key = {RowKind::Alike, members.front()->process};
  std::vector<int> numbers;
  for (const Group* member : members)
    if (member->process < trace_->processes().size())
      if (const auto rank = trace_->processes()[member->process].rank) numbers.push_back(*rank);
  header.title = tr("%1 ranks alike").arg(members.size());
  header.detail = number_ranges(std::move(numbers));
  header.path = header.title + ": " + header.detail;
  header.collapsible = true;
  header.collapsed = !expanded_.contains(header.key);
  if (header.collapsed) header.ribbon = shownDevice(*members.front());
  out.push_back(header);
  if (header.collapsed) return;
  for (const Group* member : members) appendProcess(*member, false, 1, out);
}

void RowModel::rebuild() {
  rows_.clear();
  pinned_rows_.clear();
  const auto all = groups();
  findPinnedRows(all);
  if (name_filter_.isEmpty() || !appendMatching(all)) appendArranged(all);
  Q_EMIT changed();
}

void RowModel::appendArranged(const std::vector<Group>& all) {
  std::map<ProcessId, std::size_t> alike_of;
  for (std::size_t i = 0; i < arrangement_.size(); ++i)
    for (const auto& rank : arrangement_[i]) alike_of.emplace(rank.process, i);
  // groups() has the ranks of one entry of the arrangement beside each other.
  std::vector<const Group*> members;
  const auto flush = [&] {
    if (!members.empty()) appendAlike(members, rows_);
    members.clear();
  };
  for (const auto& group : all) {
    if (processHidden(group.process)) continue;
    const auto at = alike_of.find(group.process);
    const auto before = members.empty() ? alike_of.end() : alike_of.find(members.back()->process);
    const bool same =
        at != alike_of.end() && before != alike_of.end() && at->second == before->second;
    if (!same) flush();
    members.push_back(&group);
  }
  flush();
}

void RowModel::findPinnedRows(const std::vector<Group>& groups) {
  if (choices_.pinned.empty()) return;
  std::map<RowKey, TimelineRow> all;
  for (const auto& group : groups) {
    std::vector<TimelineRow> every;
    appendProcess(group, true, 0, every);
    for (auto& row : every) all.emplace(row.key, std::move(row));
  }
  for (const auto& key : choices_.pinned)
    if (const auto it = all.find(key); it != all.end()) pinned_rows_.push_back(it->second);
  for (auto& row : pinned_rows_) {
    row.indent = 0;
    row.title = row.path;  // outside its group, only the path identifies it
  }
}

std::vector<TimelineRow> RowModel::allRows() const {
  std::vector<TimelineRow> all;
  for (const auto& group : groups()) appendProcess(group, true, 0, all);
  return all;
}

std::vector<TrackId> RowModel::trackOrder() const {
  std::vector<TrackId> order;
  std::vector<TrackId> threads;
  for (const auto& group : groups()) {
    for (const auto& [device, streams] : group.devices)
      order.insert(order.end(), streams.begin(), streams.end());
    threads.insert(threads.end(), group.threads.begin(), group.threads.end());
  }
  order.insert(order.end(), threads.begin(), threads.end());
  return order;
}

const TimelineRow* RowModel::find(const RowKey& key) const {
  for (const auto* rows : {&pinned_rows_, &rows_})
    for (const auto& row : *rows)
      if (row.key == key) return &row;
  return nullptr;
}

const TimelineRow* RowModel::rowOf(TrackId track) const {
  for (const auto* rows : {&pinned_rows_, &rows_})
    for (const auto& row : *rows)
      if (row.key.kind == RowKind::Track && row.key.track == track) return &row;
  return nullptr;
}

bool RowModel::isPinned(const RowKey& key) const {
  return std::find(choices_.pinned.begin(), choices_.pinned.end(), key) != choices_.pinned.end();
}

void RowModel::setChoices(Choices choices) {
  choices_ = std::move(choices);
  rebuild();
}

void RowModel::setPinned(const RowKey& key, bool pinned) {
  if (isPinned(key) == pinned) return;
  if (key.kind != RowKind::Track && key.kind != RowKind::Ribbon) return;
  if (pinned)
    choices_.pinned.push_back(key);
  else
    choices_.pinned.erase(std::find(choices_.pinned.begin(), choices_.pinned.end(), key));
  rebuild();
}

void RowModel::applyPinRule() {
  constexpr std::size_t kMaxPinned = 64;  // more would leave no room for the others
  if (choices_.pin_rule.isEmpty()) return;
  for (const auto& row : allRows()) {
    if (row.canPin() && choices_.pinned.size() < kMaxPinned && !isPinned(row.key) &&
        row.path.contains(choices_.pin_rule, Qt::CaseInsensitive))
      choices_.pinned.push_back(row.key);
  }
}

void RowModel::setPinRule(const QString& rule) {
  choices_.pin_rule = rule.trimmed();
  applyPinRule();
  rebuild();
}

void RowModel::unpinAll() {
  choices_.pin_rule.clear();
  choices_.pinned.clear();
  rebuild();
}

void RowModel::hide(const RowKey& key) {
  if (isPinned(key))
    choices_.pinned.erase(std::find(choices_.pinned.begin(), choices_.pinned.end(), key));
  choices_.hidden.insert(key);
  rebuild();
}

void RowModel::hideOthers(ProcessId process) {
  for (const auto& group : groups())
    if (group.process != process) choices_.hidden.insert({RowKind::Process, group.process});
  rebuild();
}

void RowModel::showAll() {
  choices_.hidden.clear();
  rebuild();
}

void RowModel::toggle(const RowKey& key) {
  const bool starts_folded = key.kind == RowKind::Track || key.kind == RowKind::Alike;
  auto& set = starts_folded ? expanded_ : collapsed_;
  if (key.kind == RowKind::Ribbon) return;
  if (!set.insert(key).second) set.erase(key);
  rebuild();
}

void RowModel::reveal(const RowKey& key) {
  choices_.hidden.erase(key);
  choices_.hidden.erase({RowKind::Process, key.process});
  if (key.kind != RowKind::Process) collapsed_.erase({RowKind::Process, key.process});
  for (const auto& alike : arrangement_)
    for (const auto& rank : alike)
      if (rank.process == key.process)  // the row's key has the first one that is shown
        for (const auto& first : alike) expanded_.insert({RowKind::Alike, first.process});
  const bool in_threads = key.kind == RowKind::Track && trace_ &&
                          trace_->tracks().at(key.track).type != TrackType::DeviceStream;
  if (in_threads) {
    choices_.hidden.erase({RowKind::Threads, key.process});
    collapsed_.erase({RowKind::Threads, key.process});
  }
  rebuild();
}

}  // namespace moescope
