#include "core/trace/file/moetrace_schema.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/error.h"
#include "core/input_file.h"
#include "core/trace/file/moetrace.h"

namespace moescope {

bool is_moetrace(std::string_view head) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  constexpr std::size_t id_at = 68;
  if (head.size() < id_at + 4 || head.substr(0, magic.size()) != magic) return false;
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) id = id << 8 | static_cast<std::uint8_t>(head[id_at + i]);
  return id == static_cast<std::uint32_t>(schema::kApplicationId);
}

}  // namespace moescope

namespace moescope::schema {
namespace {

struct Table {
  const char* name;
  const char* columns;  ///< column definitions
  const char* names;    ///< column names, comma separated, in order
};

constexpr Table kTables[] = {
    {"meta", "key TEXT PRIMARY KEY, value", "key,value"},
    {"extra", "key TEXT PRIMARY KEY, value TEXT", "key,value"},
    {"files", "id INTEGER PRIMARY KEY, path TEXT", "id,path"},
    {"skipped", "reason TEXT PRIMARY KEY, count INTEGER", "reason,count"},
    {"warnings", "id INTEGER PRIMARY KEY, text TEXT", "id,text"},
    {"alignments",
     "id INTEGER PRIMARY KEY, file INTEGER, offset_ns INTEGER, matched INTEGER, "
     "residual_ns INTEGER, method TEXT",
     "id,file,offset_ns,matched,residual_ns,method"},
    {"processes",
     "id INTEGER PRIMARY KEY, label TEXT, pid TEXT, name TEXT, rank INTEGER, world_size INTEGER, "
     "node INTEGER, file INTEGER",
     "id,label,pid,name,rank,world_size,node,file"},
    {"devices",
     "id INTEGER PRIMARY KEY, process INTEGER, device INTEGER, name TEXT, uuid TEXT, "
     "sm_count INTEGER, compute_major INTEGER, compute_minor INTEGER, max_threads_per_sm INTEGER, "
     "max_blocks_per_sm INTEGER, registers_per_sm INTEGER, shared_memory_per_sm INTEGER, "
     "shared_memory_per_block_max INTEGER, on_cpu INTEGER",
     "id,process,device,name,uuid,sm_count,compute_major,compute_minor,max_threads_per_sm,"
     "max_blocks_per_sm,registers_per_sm,shared_memory_per_sm,shared_memory_per_block_max,on_cpu"},
    {"tracks",
     "id INTEGER PRIMARY KEY, process INTEGER, type INTEGER, device INTEGER, number INTEGER, "
     "name TEXT",
     "id,process,type,device,number,name"},
    {"strings", "id INTEGER PRIMARY KEY, text TEXT", "id,text"},
    {"launches",
     "id INTEGER PRIMARY KEY, grid_x INTEGER, grid_y INTEGER, grid_z INTEGER, block_x INTEGER, "
     "block_y INTEGER, block_z INTEGER, cluster_x INTEGER, cluster_y INTEGER, cluster_z INTEGER, "
     "registers INTEGER, shared_memory INTEGER",
     "id,grid_x,grid_y,grid_z,block_x,block_y,block_z,cluster_x,cluster_y,cluster_z,registers,"
     "shared_memory"},
    {"chunks",
     "id INTEGER PRIMARY KEY, track INTEGER, seq INTEGER, first_start INTEGER, "
     "last_start INTEGER, last_end INTEGER, count INTEGER, args_bytes INTEGER, "
     "UNIQUE(track, seq)",
     "id,track,seq,first_start,last_start,last_end,count,args_bytes"},
    {"chunk_columns", "id INTEGER PRIMARY KEY, data BLOB", "id,data"},
    {"chunk_args", "id INTEGER PRIMARY KEY, data BLOB", "id,data"},
    {"summaries",
     "id INTEGER PRIMARY KEY, track INTEGER, depth INTEGER, shift INTEGER, block INTEGER, "
     "first_bucket INTEGER, last_bucket INTEGER, UNIQUE(track, depth, shift, block)",
     "id,track,depth,shift,block,first_bucket,last_bucket"},
    {"summary_blocks", "id INTEGER PRIMARY KEY, data BLOB", "id,data"},
    {"sm_records", "id INTEGER PRIMARY KEY, count INTEGER, data BLOB", "id,count,data"},
    {"counters",
     "id INTEGER PRIMARY KEY, process INTEGER, device INTEGER, name TEXT, unit TEXT, data BLOB",
     "id,process,device,name,unit,data"},
    {"notes",
     "id INTEGER PRIMARY KEY, time INTEGER, track INTEGER, span INTEGER, text TEXT, color TEXT",
     "id,time,track,span,text,color"},
    {"losses",
     "id INTEGER PRIMARY KEY, kind TEXT, process INTEGER, track INTEGER, begin_ns INTEGER, "
     "end_ns INTEGER, count INTEGER, reason TEXT",
     "id,kind,process,track,begin_ns,end_ns,count,reason"},
    {"rules", "id INTEGER PRIMARY KEY, json TEXT", "id,json"},
    {"loads",
     "id INTEGER PRIMARY KEY, begin_ns INTEGER, end_ns INTEGER, layer INTEGER, space TEXT, "
     "rank INTEGER, counts BLOB",
     "id,begin_ns,end_ns,layer,space,rank,counts"},
    {"plans", "id INTEGER PRIMARY KEY, time INTEGER, name TEXT, json TEXT", "id,time,name,json"},
};

/// Steps that make a connection to a file of version v look like version v + 1, for this
/// connection only: temporary views hide the tables of the file.
struct Migration {
  int from;
  const char* sql;
};
constexpr Migration kMigrations[] = {
    // Version 1 had no table of extra facts and no units of counters.
    {1,
     "CREATE TEMP TABLE extra(key TEXT PRIMARY KEY, value TEXT);"
     "CREATE TEMP VIEW counters AS SELECT id, process, device, name, '' AS unit, data "
     "FROM main.counters;"},
    // Up to version 3 notes had neither span nor colour, and a device on the CPU was marked by its
    // name.
    {3,
     "CREATE TEMP VIEW notes AS SELECT id, time, track, NULL AS span, text, '' AS color "
     "FROM main.notes;"
     "CREATE TEMP VIEW devices AS SELECT *, name = 'CPU workers' AS on_cpu FROM main.devices;"},
    // Up to version 4 a recording did not say what it had lost.
    {4,
     "CREATE TEMP TABLE losses(id INTEGER PRIMARY KEY, kind TEXT, process INTEGER, track INTEGER, "
     "begin_ns INTEGER, end_ns INTEGER, count INTEGER, reason TEXT);"},
};

/// Columns of a table that a file of `version` need not have.
bool absent_in(int version, std::string_view table, std::string_view column) {
  if (version <= 4 && table == "losses") return true;
  if (version == 1 && (table == "extra" || (table == "counters" && column == "unit"))) return true;
  return version <= 3 && ((table == "notes" && (column == "span" || column == "color")) ||
                          (table == "devices" && column == "on_cpu"));
}

std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at <= names.size();) {
    const auto comma = std::min(names.find(',', at), names.size());
    result.emplace_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  return result;
}

Error damaged(const std::string& file, const std::string& place, const std::string& problem) {
  return Error(file, place, problem,
               "The file was changed after it was written; record or import it again");
}

/// A hostile file could put a view or a computed column where a table should be.
void check_table(sqlite::Database& database, const Table& table, int version) {
  const std::string place = std::string("table ") + table.name;
  if (absent_in(version, table.name, "")) return;
  sqlite::Statement kind(database,
                         "SELECT type, sql LIKE 'CREATE TABLE%' FROM main.sqlite_schema "
                         "WHERE name = ?");
  if (!kind.bind(0, std::string_view(table.name)).step())
    throw damaged(database.name(), place, "is missing");
  if (kind.text(0) != "table" || kind.integer(1) != 1)
    throw damaged(database.name(), place, "is not an ordinary table");
  for (const auto& column : split(table.names)) {
    if (absent_in(version, table.name, column)) continue;
    sqlite::Statement found(database,
                            "SELECT hidden FROM pragma_table_xinfo(?, 'main') "
                            "WHERE name = ?");
    found.bind(0, std::string_view(table.name)).bind(1, std::string_view(column));
    if (!found.step()) throw damaged(database.name(), place, "has no column '" + column + "'");
    if (found.integer(0) != 0)
      throw damaged(database.name(), place, "computes column '" + column + "'");
  }
}

void check_header(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw Error(path.string(), "", "is a folder, expected a .moetrace file");
  refuse_special_file(path);
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(path.string(), "", "cannot be read",
                "Check that the file exists and that you may read it");
  std::string head(100, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (head.empty()) throw Error(path.string(), "", "is empty, expected a .moetrace file");
  if (head.rfind("SQLite format 3", 0) != 0)
    throw Error(path.string(), "byte 0", "is not a .moetrace file",
                "Import other traces with 'moescope import FILE -o OUT.moetrace'");
  if (!is_moetrace(head))
    throw Error(path.string(), "byte 68",
                "is an SQLite database of another program, not a .moetrace file",
                "Import other traces with 'moescope import FILE -o OUT.moetrace'");
}

std::uint64_t big_endian(const std::string& bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

/// SQLite reads a last page that is cut as if zeros followed. Pages of an open recording may still
/// be in its WAL.
void check_length(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::file_size(path.string() + "-wal", error) > 0 && !error) return;
  std::string head(100, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(head.data(), static_cast<std::streamsize>(head.size()))) return;
  if (big_endian(head, 24, 4) != big_endian(head, 92, 4)) return;  // the count is not kept
  const std::uint64_t page = big_endian(head, 16, 2) == 1 ? 65536 : big_endian(head, 16, 2);
  const auto size = std::filesystem::file_size(path, error);
  if (!error && page * big_endian(head, 28, 4) > size)
    throw damaged(path.string(), "byte " + std::to_string(size), "the file is cut off");
}

int checked_version(sqlite::Database& database) {
  const auto version = database.value("PRAGMA main.user_version");
  if (version > kMoetraceSchema)
    throw Error(database.name(), "",
                "was written by a newer MoEscope: its schema version is " +
                    std::to_string(version) + ", this program reads up to " +
                    std::to_string(kMoetraceSchema),
                "Open it with a newer MoEscope");
  if (version < 1)
    throw damaged(database.name(), "user_version",
                  "schema version " + std::to_string(version) + " does not exist");
  return static_cast<int>(version);
}

/// Whether the header says that the file is in WAL mode, as recordings are.
bool is_wal(const std::filesystem::path& path) {
  std::string head(20, '\0');
  std::ifstream file(path, std::ios::binary);
  return file.read(head.data(), static_cast<std::streamsize>(head.size())) && head[18] == 2;
}

/// A WAL file is read through `FILE-shm`, which SQLite makes beside it. Where the folder cannot be
/// written, a file without an open WAL is whole and cannot change: that is what is returned. Throws
/// Error when there is a WAL that could not be read then.
bool must_be_immutable(const std::filesystem::path& path) {
  if (!is_wal(path)) return false;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) == 0) return false;
  std::error_code error;
  if (std::filesystem::exists(path.string() + "-shm", error)) return false;
  const auto wal = std::filesystem::file_size(path.string() + "-wal", error);
  if (error || wal == 0) return true;
  throw Error(path.string(), "",
              "the recording was not closed and its folder cannot be written, so its last part "
              "cannot be read",
              "Copy the file and the one that ends in -wal to a folder that you may write to");
}

std::unique_ptr<sqlite::Database> open_handle(const std::filesystem::path& path) {
  auto database = must_be_immutable(path)
                      ? sqlite::open_immutable(path)
                      : std::make_unique<sqlite::Database>(path, SQLITE_OPEN_READONLY);
  auto* handle = database->handle();
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 1 << 30);
  database->execute("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = 2");
  return database;
}

}  // namespace

void create(sqlite::Database& database) {
  for (const auto& table : kTables)
    database.execute(std::string("CREATE TABLE ") + table.name + "(" + table.columns + ")");
  database.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.execute("PRAGMA user_version = " + std::to_string(kMoetraceSchema));
}

std::unique_ptr<sqlite::Database> open_for_reading(const std::filesystem::path& path) {
  check_header(path);
  check_length(path);
  auto database = open_handle(path);
  const int version = checked_version(*database);
  for (const auto& table : kTables) check_table(*database, table, version);
  for (const auto& migration : kMigrations)
    if (migration.from >= version) database->execute(migration.sql);
  database->execute("PRAGMA query_only = ON");
  return database;
}

}  // namespace moescope::schema
