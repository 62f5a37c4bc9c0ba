// The rows of the timeline: ranks alike > rank > device > ribbon and streams, rank > threads; their
// order, and what is pinned, hidden, collapsed or expanded.
#pragma once

#include <QObject>
#include <QString>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/analysis/spans/device_key.h"
#include "core/trace/trace.h"

namespace moescope {

enum class RowKind : std::uint8_t {
  Process,
  Ribbon,
  Track,
  Threads,
  Alike,  ///< several ranks whose figures are alike; its key has the first one's process
};

/// Names a row for as long as the trace is open.
struct RowKey {
  RowKind kind = RowKind::Track;
  ProcessId process = 0;
  int device = -1;
  TrackId track = std::numeric_limits<TrackId>::max();
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

struct TimelineRow {
  RowKey key;
  QString title;       ///< short, beside the lane: "stream 27"
  QString detail;      ///< after the title, muted: "NVIDIA H800", "3 threads"
  QString path;        ///< "rank 0 > GPU 0 > stream 27"
  int indent = 0;      ///< levels
  int lanes = 1;       ///< sub-lanes drawn
  int lane_total = 1;  ///< sub-lanes the track has
  bool collapsible = false, collapsed = false;
  bool pinned = false;
  /// The device whose overlap is drawn in the row: of a ribbon, and of what is folded into one row.
  std::optional<DeviceKey> ribbon;

  /// Drawn on a ground of its own: it begins a group.
  bool shaded() const { return heading() || key.kind == RowKind::Threads; }
  bool heading() const { return key.kind == RowKind::Process || key.kind == RowKind::Alike; }
  bool canPin() const { return key.kind == RowKind::Track || key.kind == RowKind::Ribbon; }
};

/// A rank, and the device that stands for it where it is folded into one row.
struct ArrangedRank {
  ProcessId process = 0;
  int device = 0;
  friend bool operator==(const ArrangedRank&, const ArrangedRank&) = default;
};
/// Ranks in the order of their rows; those that are alike stand together.
using RankArrangement = std::vector<std::vector<ArrangedRank>>;

class RowModel : public QObject {
  Q_OBJECT

 public:
  explicit RowModel(QObject* parent = nullptr) : QObject(parent) {}

  /// Rows of another trace. Pins, hidden rows and folds are kept where the same row exists again
  /// (a live trace grows by snapshots) and `keep` is true.
  void setTrace(TracePtr trace, bool keep);
  /// The same trace with more spans: rows are rebuilt only when tracks came in or got their first
  /// spans.
  void growTrace(TracePtr trace);
  /// Sub-lanes of tracks as their summaries arrive.
  void setLaneTotals(const std::map<TrackId, int>& totals);
  void setProcessFilter(std::optional<ProcessId> process);
  /// Leaves streams, threads and ribbons whose path contains `text`, hidden and folded ones too,
  /// and the ranks they are of; all rows while none does, and for "". Pinned rows stay.
  void setNameFilter(const QString& text);
  /// Rows below the pinned ones that the filter left.
  std::vector<RowKey> matching() const;
  /// Ranks that it leaves out follow by number; {} orders all by number. Another trace forgets it.
  void setArrangement(RankArrangement arrangement);

  const std::vector<TimelineRow>& pinned() const { return pinned_rows_; }
  const std::vector<TimelineRow>& rows() const { return rows_; }  ///< without the pinned ones
  int hiddenCount() const { return static_cast<int>(choices_.hidden.size()); }
  /// All tracks in the order of the rows, whether shown or not.
  std::vector<TrackId> trackOrder() const;
  const TimelineRow* find(const RowKey& key) const;
  const TimelineRow* rowOf(TrackId track) const;
  /// Every row that can be found by name, hidden and folded ones too.
  std::vector<TimelineRow> allRows() const;

  /// What is pinned and hidden, to be brought back by an undo.
  struct Choices {
    std::vector<RowKey> pinned;  ///< in order of pinning
    QString pin_rule;
    std::set<RowKey> hidden;
    friend bool operator==(const Choices&, const Choices&) = default;
  };
  const Choices& choices() const { return choices_; }
  void setChoices(Choices choices);

  void setPinned(const RowKey& key, bool pinned);
  bool isPinned(const RowKey& key) const;
  /// Pins every stream, thread and ribbon whose path contains `rule`, now and in traces opened
  /// later; "" pins nothing.
  void setPinRule(const QString& rule);
  const QString& pinRule() const { return choices_.pin_rule; }
  void unpinAll();  ///< and forgets the rule
  void hide(const RowKey& key);
  void hideOthers(ProcessId process);  ///< hides every rank but one
  void showAll();
  /// Folds or unfolds a rank or its threads; for a track: shows all its sub-lanes or the first few.
  void toggle(const RowKey& key);
  /// Makes a row visible: unhides it and unfolds what it is in.
  void reveal(const RowKey& key);

  /// Sub-lanes drawn of a track that is not expanded.
  static constexpr int kLaneCap = 6;
  /// A trace with more threads than this starts with its threads folded.
  static constexpr int kThreadsShown = 4;
  /// A trace with more ranks than this starts with one row for each.
  static constexpr int kRanksOpen = 16;

 Q_SIGNALS:
  void changed();

 private:
  struct Group;  ///< the tracks of one rank
  void rebuild();
  std::vector<Group> groups() const;
  void foldMany();
  void appendArranged(const std::vector<Group>& all);
  bool appendMatching(const std::vector<Group>& groups);
  void appendAlike(const std::vector<const Group*>& members, std::vector<TimelineRow>& out) const;
  void appendProcess(const Group& group, bool everything, int indent,
                     std::vector<TimelineRow>& out) const;
  void appendDevices(const Group& group, const TimelineRow& header, bool everything,
                     std::vector<TimelineRow>& out) const;
  void appendThreads(const Group& group, const TimelineRow& header, bool everything,
                     std::vector<TimelineRow>& out) const;
  std::optional<DeviceKey> shownDevice(const Group& group) const;
  QString label(ProcessId process) const;
  TimelineRow trackRow(TrackId track, int indent) const;
  bool shown(const RowKey& key, bool everything) const;
  bool processHidden(ProcessId process) const;
  void applyPinRule();
  void findPinnedRows(const std::vector<Group>& groups);

  TracePtr trace_;
  std::map<TrackId, int> lane_totals_;
  std::optional<ProcessId> filter_;
  QString name_filter_;
  Choices choices_;
  RankArrangement arrangement_;
  std::set<RowKey> collapsed_, expanded_;
  std::vector<TimelineRow> rows_, pinned_rows_;
};

}  // namespace moescope
