#include "core/query/trace_tables.h"

#include "core/query/row_tables.h"
#include "core/query/span_table.h"
#include "core/query/sqlite_api.h"

namespace moescope {

QuerySource::QuerySource(TracePtr trace, RuleSet rules, std::filesystem::path recording)
    : trace_(std::move(trace)), rules_(std::move(rules)), recording_(std::move(recording)) {
  trace_->strings().load_all();  // an answer never shows that a name could not be read
}

const Classification& QuerySource::classes() const {
  std::call_once(once_, [&] { classes_ = Classification(*trace_, rules_); });
  return classes_;
}

const RecordedRows& QuerySource::recorded() const {
  std::call_once(recorded_once_, [&] {
    if (recording_.empty()) return;
    recorded_ = {read_load_rows(recording_), {}, read_plans(recording_)};
    std::int64_t begin = 0;
    for (const LoadRow& load : recorded_.loads) {
      recorded_.load_begins.push_back(begin);
      begin += static_cast<std::int64_t>(load.counts.size());
    }
  });
  return recorded_;
}

int add_trace_tables(sqlite3* database, FindSource find, TableSet set) {
  const int code = add_span_table(database, find);
  return code == SQLITE_OK ? add_row_tables(database, find, set) : code;
}

const char* trace_tables_schema() {
  return R"(-- Times are integer nanoseconds from the trace start. "end" is an SQL word: write it in quotes.
CREATE TABLE spans(
  span INTEGER,           -- id: track * 4294967296 + position in the track
  track INTEGER, process TEXT, rank INTEGER, device INTEGER,
  stream INTEGER,         -- stream number; thread id or worker on other tracks
  start INTEGER, dur INTEGER, "end" INTEGER,
  name TEXT,
  kind TEXT,              -- kernel, memcpy, memset, runtime, cpu_op, annotation, ...
  class TEXT,             -- attention, dense, dispatch, ... by the classification rules
  waits INTEGER,          -- 1 when the rules say that it only waits
  correlation INTEGER,    -- joins a launch and its kernels inside one process
  depth INTEGER,
  grid_x INTEGER, grid_y INTEGER, grid_z INTEGER,       -- NULL where no launch was recorded
  block_x INTEGER, block_y INTEGER, block_z INTEGER,
  cluster_x INTEGER, cluster_y INTEGER, cluster_z INTEGER,
  registers INTEGER, shared_memory INTEGER,
  args TEXT               -- JSON object
);
CREATE TABLE tracks(track INTEGER, process TEXT, rank INTEGER, type TEXT, device INTEGER,
  stream INTEGER, name TEXT, path TEXT, spans INTEGER, first_start INTEGER, last_end INTEGER);
CREATE TABLE processes(process INTEGER, label TEXT, pid TEXT, name TEXT, rank INTEGER,
  world_size INTEGER, node INTEGER, file INTEGER);
CREATE TABLE devices(process INTEGER, device INTEGER, name TEXT, uuid TEXT, sm_count INTEGER,
  compute_major INTEGER, compute_minor INTEGER);
CREATE TABLE sm(start INTEGER, "end" INTEGER, process TEXT, rank INTEGER, device INTEGER,
  sm INTEGER, correlation INTEGER);
CREATE TABLE samples(counter INTEGER, process TEXT, device INTEGER, name TEXT, unit TEXT,
  time INTEGER, value REAL);
CREATE TABLE notes(time INTEGER, track INTEGER, text TEXT, color TEXT);
CREATE TABLE losses(      -- what happened and is not, or not fully, in the recording
  kind TEXT,              -- dropped_spans, dropped_sm_records, reduced_detail, disconnected, ...
  process INTEGER, track INTEGER,                       -- NULL where it concerns all
  begin_ns INTEGER, end_ns INTEGER,
  count INTEGER,          -- records; NULL where unknown
  reason TEXT);
CREATE TABLE loads(begin_ns INTEGER, end_ns INTEGER, layer INTEGER, space TEXT, rank INTEGER,
  expert INTEGER,         -- in space 'physical': the slot of the rank
  tokens INTEGER);
CREATE TABLE plans(time INTEGER, name TEXT, json TEXT);
CREATE TABLE meta(key TEXT, value);
)";
}

}  // namespace moescope
