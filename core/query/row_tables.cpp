#include "core/query/row_tables.h"

#include <algorithm>
#include <vector>

#include "core/query/virtual_table.h"

namespace moescope {
namespace {

/// A table whose rows are numbered.
struct RowTable {
  const char* name;
  const char* declaration;
  std::int64_t (*count)(const Trace& trace);
  void (*value)(const Trace& trace, std::int64_t row, int column, sqlite3_context* context);
  bool decoded;  ///< useful beside the tables of a .moetrace
  /// In the place of the two above: rows that do not lie in the trace.
  std::int64_t (*recorded_count)(const RecordedRows& rows) = nullptr;
  void (*recorded_value)(const RecordedRows& rows, std::int64_t row, int column,
                         sqlite3_context* context) = nullptr;

  std::int64_t rows(const QuerySource& source) const {
    return recorded_count ? recorded_count(source.recorded()) : count(source.trace());
  }
  void show(const QuerySource& source, std::int64_t row, int column,
            sqlite3_context* context) const {
    if (recorded_value)
      recorded_value(source.recorded(), row, column, context);
    else
      value(source.trace(), row, column, context);
  }
};

struct Aux {
  const RowTable* table;
  FindSource find;
};
struct Table {
  sqlite3_vtab base{};
  const RowTable* rows = nullptr;
  QuerySourcePtr source;
};
struct Cursor {
  sqlite3_vtab_cursor base{};
  std::int64_t row = 0, count = 0;
};

template <typename T>
const T& nth(const std::vector<T>& from, std::int64_t row) {
  return from[static_cast<std::size_t>(row)];
}
template <typename T>
std::int64_t size_of(const std::vector<T>& rows) {
  return static_cast<std::int64_t>(rows.size());
}

void process_value(const Trace& trace, ProcessId id, bool rank, sqlite3_context* context) {
  if (id >= trace.processes().size()) return;
  const Process& process = trace.processes()[id];
  if (!rank) return result(context, process.label);
  if (process.rank) result(context, std::int64_t{*process.rank});
}

const char* type_name(TrackType type) {
  switch (type) {
    case TrackType::DeviceStream:
      return "stream";
    case TrackType::Thread:
      return "thread";
    case TrackType::Worker:
      return "worker";
    case TrackType::Other:
      return "other";
  }
  return "other";
}

void track_value(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const Track& track = nth(trace.tracks(), row);
  const auto id = static_cast<TrackId>(row);
  const auto& chunks = trace.chunk_infos(id);
  switch (column) {
    case 0:
      return result(context, row);
    case 1:
    case 2:
      return process_value(trace, track.process, column == 2, context);
    case 3:
      return result(context, std::string_view(type_name(track.type)));
    case 4:
      if (track.device >= 0) result(context, std::int64_t{track.device});
      return;
    case 5:
      return result(context, track.id);
    case 6:
      return result(context, track.name);
    case 7:
      return result(context, trace.path(id));
    case 8:
      return result(context, static_cast<std::int64_t>(trace.span_count(id)));
    case 9:
      if (!chunks.empty()) result(context, chunks.front().first_start);
      return;
    default:
      if (!chunks.empty()) result(context, chunks.back().max_end_so_far);
  }
}

void process_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const Process& p = nth(trace.processes(), row);
  switch (column) {
    case 0:
      return result(context, row);
    case 1:
      return result(context, p.label);
    case 2:
      return result(context, p.pid);
    case 3:
      return result(context, p.name);
    case 4:
      if (p.rank) result(context, std::int64_t{*p.rank});
      return;
    case 5:
      if (p.world_size > 0) result(context, std::int64_t{p.world_size});
      return;
    case 6:
      if (p.node >= 0) result(context, std::int64_t{p.node});
      return;
    default:
      return result(context, std::int64_t{p.file});
  }
}

void device_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const Device& d = nth(trace.devices(), row);
  const auto known = [&](int value) {
    if (value > 0) result(context, std::int64_t{value});
  };
  switch (column) {
    case 0:
      return result(context, std::int64_t{d.process});
    case 1:
      return result(context, std::int64_t{d.index});
    case 2:
      return result(context, d.name);
    case 3:
      return result(context, d.uuid);
    case 4:
      return known(d.sm_count);
    case 5:
      return known(d.compute_major);
    default:
      if (d.compute_major > 0) result(context, std::int64_t{d.compute_minor});
  }
}

void sm_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const SmRecord& r = nth(trace.sm_records(), row);
  switch (column) {
    case 0:
      return result(context, r.start);
    case 1:
      return result(context, r.end);
    case 2:
    case 3:
      return process_value(trace, r.process, column == 3, context);
    case 4:
      return result(context, std::int64_t{r.device});
    case 5:
      return result(context, std::int64_t{r.sm});
    default:
      if (r.correlation != 0) result(context, std::int64_t{r.correlation});
  }
}

std::int64_t sample_count(const Trace& trace) {
  std::int64_t count = 0;
  for (const auto& series : trace.counters()) count += size_of(series.times);
  return count;
}

void sample_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  std::size_t series = 0;
  while (row >= size_of(trace.counters()[series].times))
    row -= size_of(trace.counters()[series++].times);
  const CounterSeries& c = trace.counters()[series];
  switch (column) {
    case 0:
      return result(context, static_cast<std::int64_t>(series));
    case 1:
      return process_value(trace, c.process, false, context);
    case 2:
      if (c.device >= 0) result(context, std::int64_t{c.device});
      return;
    case 3:
      return result(context, c.name);
    case 4:
      return result(context, c.unit);
    case 5:
      return result(context, nth(c.times, row));
    default:
      sqlite3_result_double(context, nth(c.values, row));
  }
}

void note_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const Note& note = nth(trace.notes(), row);
  if (column == 0) return result(context, note.time);
  if (column == 2) return result(context, note.text);
  if (column == 3) return result(context, note.color);
  if (note.track) result(context, std::int64_t{*note.track});
}

void loss_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const Loss& loss = nth(trace.losses(), row);
  switch (column) {
    case 0:
      return result(context, std::string_view(to_string(loss.kind)));
    case 1:
      if (loss.process) result(context, std::int64_t{*loss.process});
      return;
    case 2:
      if (loss.track) result(context, std::int64_t{*loss.track});
      return;
    case 3:
      return result(context, loss.when.begin);
    case 4:
      return result(context, loss.when.end);
    case 5:
      if (loss.count) result(context, static_cast<std::int64_t>(*loss.count));
      return;
    default:
      return result(context, loss.reason);
  }
}

/// Facts about the whole as (key, value).
std::vector<std::pair<std::string, std::string>> facts(const Trace& trace) {
  const TraceInfo& info = trace.info();
  std::vector<std::pair<std::string, std::string>> rows = {
      {"format", info.format},
      {"producer", info.producer},
      {"events", std::to_string(info.events)},
      {"spans", std::to_string(trace.span_count())},
      {"begin_ns", std::to_string(trace.range().begin)},
      {"end_ns", std::to_string(trace.range().end)}};
  if (info.start_epoch_ns)
    rows.emplace_back("start_epoch_ns", std::to_string(*info.start_epoch_ns));
  for (const auto& file : info.files) rows.emplace_back("file", file);
  for (const auto& [reason, count] : info.skipped)
    rows.emplace_back("skipped: " + reason, std::to_string(count));
  for (const auto& warning : info.warnings) rows.emplace_back("warning", warning);
  for (const auto& [key, value] : info.extra) rows.emplace_back(key, value);
  return rows;
}

void meta_row(const Trace& trace, std::int64_t row, int column, sqlite3_context* context) {
  const auto rows = facts(trace);
  result(context, column == 0 ? nth(rows, row).first : nth(rows, row).second);
}

std::int64_t load_count(const RecordedRows& rows) {
  return rows.load_begins.empty() ? 0 : rows.load_begins.back() + size_of(rows.loads.back().counts);
}

void load_value(const RecordedRows& rows, std::int64_t row, int column, sqlite3_context* context) {
  const auto after = std::upper_bound(rows.load_begins.begin(), rows.load_begins.end(), row);
  const LoadRow& load = nth(rows.loads, after - rows.load_begins.begin() - 1);
  const std::int64_t expert = row - *(after - 1);
  switch (column) {
    case 0:
      return result(context, load.begin);
    case 1:
      return result(context, load.end);
    case 2:
      return result(context, std::int64_t{load.layer});
    case 3:
      return result(context, load.space);
    case 4:
      if (load.rank) result(context, std::int64_t{*load.rank});
      return;
    case 5:
      return result(context, expert);
    default:
      result(context, std::int64_t{nth(load.counts, expert)});
  }
}

std::int64_t plan_count(const RecordedRows& rows) {
  return size_of(rows.plans);
}

void plan_value(const RecordedRows& rows, std::int64_t row, int column, sqlite3_context* context) {
  const PlanRow& plan = nth(rows.plans, row);
  if (column == 0) return result(context, plan.time);
  result(context, column == 1 ? plan.name : plan.json);
}

constexpr RowTable kTables[] = {
    {"tracks",
     "CREATE TABLE x(track INTEGER, process TEXT, rank INTEGER, type TEXT, device INTEGER, "
     "stream INTEGER, name TEXT, path TEXT, spans INTEGER, first_start INTEGER, last_end INTEGER)",
     [](const Trace& t) { return size_of(t.tracks()); }, track_value, false},
    {"processes",
     "CREATE TABLE x(process INTEGER, label TEXT, pid TEXT, name TEXT, rank INTEGER, "
     "world_size INTEGER, node INTEGER, file INTEGER)",
     [](const Trace& t) { return size_of(t.processes()); }, process_row, false},
    {"devices",
     "CREATE TABLE x(process INTEGER, device INTEGER, name TEXT, uuid TEXT, sm_count INTEGER, "
     "compute_major INTEGER, compute_minor INTEGER)",
     [](const Trace& t) { return size_of(t.devices()); }, device_row, false},
    {"sm",
     "CREATE TABLE x(start INTEGER, \"end\" INTEGER, process TEXT, rank INTEGER, device INTEGER, "
     "sm INTEGER, correlation INTEGER)",
     [](const Trace& t) { return size_of(t.sm_records()); }, sm_row, true},
    {"samples",
     "CREATE TABLE x(counter INTEGER, process TEXT, device INTEGER, name TEXT, unit TEXT, "
     "time INTEGER, value REAL)",
     sample_count, sample_row, true},
    {"notes", "CREATE TABLE x(time INTEGER, track INTEGER, text TEXT, color TEXT)",
     [](const Trace& t) { return size_of(t.notes()); }, note_row, false},
    {"losses",
     "CREATE TABLE x(kind TEXT, process INTEGER, track INTEGER, begin_ns INTEGER, end_ns INTEGER, "
     "count INTEGER, reason TEXT)",
     [](const Trace& t) { return size_of(t.losses()); }, loss_row, false},
    {"loads",
     "CREATE TABLE x(begin_ns INTEGER, end_ns INTEGER, layer INTEGER, space TEXT, rank INTEGER, "
     "expert INTEGER, tokens INTEGER)",
     nullptr, nullptr, false, load_count, load_value},
    {"plans", "CREATE TABLE x(time INTEGER, name TEXT, json TEXT)", nullptr, nullptr, false,
     plan_count, plan_value},
    {"meta", "CREATE TABLE x(key TEXT, value)", [](const Trace& t) { return size_of(facts(t)); },
     meta_row, false},
};

Table& table_of(sqlite3_vtab* base) {
  return *reinterpret_cast<Table*>(base);
}
Cursor& cursor_of(sqlite3_vtab_cursor* base) {
  return *reinterpret_cast<Cursor*>(base);
}

int connect(sqlite3* database, void* data, int, const char* const*, sqlite3_vtab** made,
            char** message) {
  try {
    const auto& aux = *static_cast<const Aux*>(data);
    auto source = aux.find();
    const int code = sqlite3_declare_vtab(database, aux.table->declaration);
    if (code != SQLITE_OK) return code;
    auto* table = new Table;
    table->rows = aux.table;
    table->source = std::move(source);
    *made = &table->base;
    return SQLITE_OK;
  } catch (const std::exception& error) {
    *message = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

sqlite3_module make_module() {
  sqlite3_module m{};
  m.xConnect = connect;
  m.xBestIndex = [](sqlite3_vtab*, sqlite3_index_info* info) {
    info->estimatedCost = 1e4;
    return SQLITE_OK;
  };
  m.xDisconnect = [](sqlite3_vtab* base) {
    delete &table_of(base);
    return SQLITE_OK;
  };
  m.xOpen = [](sqlite3_vtab*, sqlite3_vtab_cursor** made) {
    *made = &(new Cursor)->base;
    return SQLITE_OK;
  };
  m.xClose = [](sqlite3_vtab_cursor* base) {
    delete &cursor_of(base);
    return SQLITE_OK;
  };
  m.xFilter = [](sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
    Table& table = table_of(base->pVtab);
    return guarded(base->pVtab, [&] {
      cursor_of(base).row = 0;
      cursor_of(base).count = table.rows->rows(*table.source);
    });
  };
  m.xNext = [](sqlite3_vtab_cursor* base) {
    ++cursor_of(base).row;
    return SQLITE_OK;
  };
  m.xEof = [](sqlite3_vtab_cursor* base) {
    return cursor_of(base).row >= cursor_of(base).count ? 1 : 0;
  };
  m.xColumn = [](sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
    Table& table = table_of(base->pVtab);
    return guarded(base->pVtab,
                   [&] { table.rows->show(*table.source, cursor_of(base).row, column, context); });
  };
  m.xRowid = [](sqlite3_vtab_cursor* base, sqlite3_int64* id) {
    *id = cursor_of(base).row;
    return SQLITE_OK;
  };
  return m;
}

}  // namespace

int add_row_tables(sqlite3* database, const FindSource& find, TableSet set) {
  static const sqlite3_module module = make_module();
  for (const auto& table : kTables) {
    if (set == TableSet::Decoded && !table.decoded) continue;
    const int code = sqlite3_create_module_v2(database, table.name, &module, new Aux{&table, find},
                                              [](void* p) { delete static_cast<Aux*>(p); });
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace moescope
