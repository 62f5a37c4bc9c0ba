#include "core/query/span_table.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/query/virtual_table.h"

namespace moescope {
namespace {

constexpr const char* kDeclaration =
    "CREATE TABLE spans(span INTEGER, track INTEGER, process TEXT, rank INTEGER, device INTEGER, "
    "stream INTEGER, start INTEGER, dur INTEGER, \"end\" INTEGER, name TEXT, kind TEXT, "
    "class TEXT, waits INTEGER, correlation INTEGER, depth INTEGER, grid_x INTEGER, "
    "grid_y INTEGER, grid_z INTEGER, block_x INTEGER, block_y INTEGER, block_z INTEGER, "
    "cluster_x INTEGER, cluster_y INTEGER, cluster_z INTEGER, registers INTEGER, "
    "shared_memory INTEGER, args TEXT)";

enum Column {
  kSpan,
  kTrack,
  kProcess,
  kRank,
  kDevice,
  kStream,
  kStart,
  kDuration,
  kEnd,
  kName,
  kKind,
  kClass,
  kWaits,
  kCorrelation,
  kDepth,
  kGrid,
  kBlock = kGrid + 3,
  kCluster = kBlock + 3,
  kRegisters = kCluster + 3,
  kSharedMemory,
  kArgs
};

constexpr TimeNs kLowest = std::numeric_limits<TimeNs>::min();
constexpr TimeNs kHighest = std::numeric_limits<TimeNs>::max();

/// Closed interval of integers.
struct Bounds {
  std::int64_t low = kLowest, high = kHighest;
  bool holds(std::int64_t value) const { return low <= value && value <= high; }
};

/// What a query leaves of the trace; SQLite itself checks every row again.
struct Filter {
  Bounds track, rank, device, stream, start, end;
  bool nothing = false;  ///< compared with NULL
};

struct Table {
  sqlite3_vtab base{};
  QuerySourcePtr source;
};

struct Cursor {
  sqlite3_vtab_cursor base{};
  const QuerySource* source = nullptr;
  Filter filter;
  std::size_t track = 0, chunk = 0, row = 0;
  std::shared_ptr<const SpanChunk> loaded;
  std::vector<std::string> args;  ///< of the loaded chunk, when asked for
  bool has_args = false;

  const Trace& trace() const { return source->trace(); }
  bool at_end() const { return track >= trace().tracks().size(); }
  bool wants_track() const;
  bool wants_chunk(const ChunkInfo& info) const;
  void settle();
  void next() {
    ++row;
    settle();
  }
  std::int64_t id() const {
    const auto& info = trace().chunk_infos(static_cast<TrackId>(track))[chunk];
    return static_cast<std::int64_t>(track) << 32 |
           static_cast<std::int64_t>(info.first_index + row);
  }
};

bool Cursor::wants_track() const {
  const Track& t = trace().tracks()[track];
  if (!filter.track.holds(static_cast<std::int64_t>(track))) return false;
  if (!filter.stream.holds(t.id)) return false;
  if (t.device >= 0 && !filter.device.holds(t.device)) return false;
  if (t.process >= trace().processes().size()) return true;
  const auto& rank = trace().processes()[t.process].rank;
  return !rank || filter.rank.holds(*rank);
}

bool Cursor::wants_chunk(const ChunkInfo& info) const {
  return info.last_start >= filter.start.low && info.first_start <= filter.start.high &&
         info.last_end >= filter.end.low && info.first_start <= filter.end.high;
}

/// Moves on to the next row that the filter may want, loading its chunk.
void Cursor::settle() {
  if (filter.nothing) track = trace().tracks().size();
  for (; !at_end(); ++track, chunk = 0) {
    if (!wants_track()) continue;
    const auto& infos = trace().chunk_infos(static_cast<TrackId>(track));
    for (; chunk < infos.size(); ++chunk, row = 0, loaded = nullptr) {
      if (!loaded) {
        if (!wants_chunk(infos[chunk])) continue;
        loaded = trace().chunk(static_cast<TrackId>(track), chunk);
        has_args = false;
        const auto& starts = loaded->columns().start;
        row = static_cast<std::size_t>(
            std::lower_bound(starts.begin(), starts.end(), filter.start.low) - starts.begin());
      }
      const auto& columns = loaded->columns();
      while (row < columns.size() && columns.start[row] <= filter.start.high) {
        if (filter.end.holds(columns.start[row] + columns.duration[row])) return;
        ++row;
      }
    }
  }
}

int connect(sqlite3* database, void* find, int, const char* const*, sqlite3_vtab** made,
            char** message) {
  try {
    auto source = (*static_cast<const FindSource*>(find))();
    const int code = sqlite3_declare_vtab(database, kDeclaration);
    if (code != SQLITE_OK) return code;
    auto* table = new Table;
    table->source = std::move(source);
    *made = &table->base;
    return SQLITE_OK;
  } catch (const std::exception& error) {
    *message = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

int disconnect(sqlite3_vtab* base) {
  delete reinterpret_cast<Table*>(base);
  return SQLITE_OK;
}

/// A letter for the operator, 0 for one that does not help.
char operator_letter(unsigned char op) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return '=';
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
      return '>';
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
      return '<';
    default:
      return 0;
  }
}

/// A letter for a column that prunes, 0 for the others.
char column_letter(int column) {
  switch (column) {
    case -1:
    case kSpan:
      return 'i';
    case kTrack:
      return 't';
    case kRank:
      return 'r';
    case kDevice:
      return 'd';
    case kStream:
      return 'q';
    case kStart:
      return 's';
    case kEnd:
      return 'e';
    default:
      return 0;
  }
}

int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
  std::string plan;
  double cost = 1e7;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    const char column = column_letter(constraint.iColumn), op = operator_letter(constraint.op);
    if (!constraint.usable || !column || !op) continue;
    plan += column;
    plan += op;
    info->aConstraintUsage[i].argvIndex = static_cast<int>(plan.size() / 2);
    cost *= op == '=' ? 0.02 : 0.3;
  }
  info->estimatedCost = cost;
  info->estimatedRows = static_cast<sqlite3_int64>(cost) + 1;
  info->idxStr = sqlite3_mprintf("%s", plan.c_str());
  info->needToFreeIdxStr = 1;
  return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

int open_cursor(sqlite3_vtab* base, sqlite3_vtab_cursor** made) {
  auto* cursor = new Cursor;
  cursor->source = reinterpret_cast<Table*>(base)->source.get();
  *made = &cursor->base;
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* base) {
  delete reinterpret_cast<Cursor*>(base);
  return SQLITE_OK;
}

/// Narrows `bounds`; limits are taken inclusive, SQLite checks the exact comparison.
void narrow(Bounds& bounds, char op, std::int64_t low, std::int64_t high) {
  if (op != '<') bounds.low = std::max(bounds.low, low);
  if (op != '>') bounds.high = std::min(bounds.high, high);
}

void apply(Filter& filter, char column, char op, sqlite3_value* value) {
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) filter.nothing = true;
  std::int64_t low = 0, high = 0;
  if (type == SQLITE_INTEGER) {
    low = high = sqlite3_value_int64(value);
  } else if (type == SQLITE_FLOAT) {
    const double real = sqlite3_value_double(value);
    if (!(real > -9e18 && real < 9e18)) return;
    low = static_cast<std::int64_t>(real) - 1;
    high = static_cast<std::int64_t>(real) + 1;
  } else {
    return;
  }
  switch (column) {
    case 'i':
      return narrow(filter.track, op, low >> 32, high >> 32);
    case 't':
      return narrow(filter.track, op, low, high);
    case 'r':
      return narrow(filter.rank, op, low, high);
    case 'd':
      return narrow(filter.device, op, low, high);
    case 'q':
      return narrow(filter.stream, op, low, high);
    case 's':
      return narrow(filter.start, op, low, high);
    case 'e':
      return narrow(filter.end, op, low, high);
  }
}

int filter_rows(sqlite3_vtab_cursor* base, int, const char* plan, int count,
                sqlite3_value** values) {
  auto& cursor = *reinterpret_cast<Cursor*>(base);
  return guarded(base->pVtab, [&] {
    cursor.filter = {};
    for (int i = 0; i < count; ++i) apply(cursor.filter, plan[2 * i], plan[2 * i + 1], values[i]);
    cursor.track = cursor.chunk = cursor.row = 0;
    cursor.loaded = nullptr;
    cursor.settle();
  });
}

int next_row(sqlite3_vtab_cursor* base) {
  return guarded(base->pVtab, [&] { reinterpret_cast<Cursor*>(base)->next(); });
}

int at_end(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->at_end() ? 1 : 0;
}

void track_value(const Cursor& cursor, int column, sqlite3_context* context) {
  const Trace& trace = cursor.trace();
  const Track& track = trace.tracks()[cursor.track];
  const Process* process =
      track.process < trace.processes().size() ? &trace.processes()[track.process] : nullptr;
  if (column == kTrack) return result(context, static_cast<std::int64_t>(cursor.track));
  if (column == kProcess && process) return result(context, process->label);
  if (column == kRank && process && process->rank) return result(context, *process->rank);
  if (column == kDevice && track.device >= 0) return result(context, track.device);
  if (column == kStream) return result(context, track.id);
}

void launch_value(const LaunchConfig& launch, int column, sqlite3_context* context) {
  const auto axis = [&](const std::array<std::uint32_t, 3>& values, int first) {
    result(context, std::int64_t{values[static_cast<std::size_t>(column - first)]});
  };
  if (column < kBlock) return axis(launch.grid, kGrid);
  if (column < kCluster) return axis(launch.block, kBlock);
  if (column == kRegisters) return result(context, std::int64_t{launch.registers_per_thread});
  if (column == kSharedMemory) return result(context, std::int64_t{launch.shared_memory});
  if (launch.cluster[0] != 0) axis(launch.cluster, kCluster);
}

void args_value(Cursor& cursor, sqlite3_context* context) {
  if (!cursor.has_args) cursor.args = cursor.loaded->args().rows();
  cursor.has_args = true;
  if (cursor.row < cursor.args.size() && !cursor.args[cursor.row].empty())
    result(context, cursor.args[cursor.row]);
}

void span_value(Cursor& cursor, int column, sqlite3_context* context) {
  const auto& c = cursor.loaded->columns();
  const std::size_t row = cursor.row;
  const Trace& trace = cursor.trace();
  switch (column) {
    case kSpan:
      return result(context, cursor.id());
    case kStart:
      return result(context, c.start[row]);
    case kDuration:
      return result(context, c.duration[row]);
    case kEnd:
      return result(context, c.start[row] + c.duration[row]);
    case kName:
      return result(context, trace.strings()[c.name[row]]);
    case kKind:
      return result(context, std::string_view(to_string(c.kind[row])));
    case kClass:
      return result(context,
                    std::string_view(to_string(
                        cursor.source->classes().of(c.kind[row], c.name[row]).span_class)));
    case kWaits:
      return result(context,
                    std::int64_t{cursor.source->classes().of(c.kind[row], c.name[row]).waits});
    case kCorrelation:
      if (c.correlation[row] != 0) result(context, std::int64_t{c.correlation[row]});
      return;
    case kDepth:
      return result(context, std::int64_t{c.depth[row]});
    case kArgs:
      return args_value(cursor, context);
    default:
      if (c.launch[row] != 0) launch_value(trace.launches()[c.launch[row]], column, context);
  }
}

int column_value(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  auto& cursor = *reinterpret_cast<Cursor*>(base);
  return guarded(base->pVtab, [&] {
    if (column >= kTrack && column <= kStream)
      track_value(cursor, column, context);
    else
      span_value(cursor, column, context);
  });
}

int row_id(sqlite3_vtab_cursor* base, sqlite3_int64* id) {
  *id = reinterpret_cast<Cursor*>(base)->id();
  return SQLITE_OK;
}

const sqlite3_module* module() {
  static const sqlite3_module spans = [] {
    sqlite3_module m{};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open_cursor;
    m.xClose = close_cursor;
    m.xFilter = filter_rows;
    m.xNext = next_row;
    m.xEof = at_end;
    m.xColumn = column_value;
    m.xRowid = row_id;
    return m;
  }();
  return &spans;
}

}  // namespace

int add_span_table(sqlite3* database, const FindSource& find) {
  return sqlite3_create_module_v2(database, "spans", module(), new FindSource(find),
                                  [](void* p) { delete static_cast<FindSource*>(p); });
}

}  // namespace moescope
