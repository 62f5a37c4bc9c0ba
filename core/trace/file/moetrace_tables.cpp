#include "core/trace/file/moetrace_tables.h"

#include <limits>

#include "core/error.h"
#include "core/trace/file/moetrace_codec.h"
#include "core/version.h"

namespace moescope::tables {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr std::int64_t kInt = std::numeric_limits<int>::max();
constexpr std::int64_t kU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kSmRecordsABlock = 65536;

Error damaged(const Database& database, const std::string& place, const std::string& problem) {
  return Error(database.name(), place, problem,
               "The file was cut or changed after it was written; record or import it again");
}

/// Runs `decode` and says which row was at fault.
template <typename Decode>
auto decoded(const Database& database, const char* table, std::int64_t row, Decode decode) {
  try {
    return decode();
  } catch (const codec::Damaged& problem) {
    throw damaged(database, std::string("table ") + table + ", row " + std::to_string(row),
                  "damaged: " + problem.what);
  }
}

/// Ids of the small tables count from 0 without gaps; `what` is the table.
void check_id(const Statement& row, const Database& database, std::size_t expected,
              const char* what) {
  if (row.integer(0) != static_cast<std::int64_t>(expected))
    throw damaged(database, std::string("table ") + what,
                  "row " + std::to_string(expected) + " is missing");
}

void put_meta(Database& database, const char* key, const std::string& value) {
  Statement(database, "INSERT OR REPLACE INTO meta VALUES(?, ?)")
      .bind(0, std::string_view(key))
      .bind(1, std::string_view(value))
      .run();
}
void put_meta(Database& database, const char* key, std::int64_t value) {
  Statement(database, "INSERT OR REPLACE INTO meta VALUES(?, ?)")
      .bind(0, std::string_view(key))
      .bind(1, value)
      .run();
}

void write_info_lists(Database& database, const TraceInfo& info) {
  Statement file(database, "INSERT INTO files VALUES(?, ?)");
  for (std::size_t i = 0; i < info.files.size(); ++i)
    file.bind(0, static_cast<std::int64_t>(i)).bind(1, std::string_view(info.files[i])).run();
  Statement skipped(database, "INSERT INTO skipped VALUES(?, ?)");
  for (const auto& [reason, count] : info.skipped)
    skipped.bind(0, std::string_view(reason)).bind(1, static_cast<std::int64_t>(count)).run();
  Statement warning(database, "INSERT INTO warnings VALUES(?, ?)");
  for (std::size_t i = 0; i < info.warnings.size(); ++i)
    warning.bind(0, static_cast<std::int64_t>(i)).bind(1, std::string_view(info.warnings[i])).run();
  Statement extra(database, "INSERT INTO extra VALUES(?, ?)");
  for (const auto& [key, value] : info.extra)
    extra.bind(0, std::string_view(key)).bind(1, std::string_view(value)).run();
  Statement alignment(database, "INSERT INTO alignments VALUES(?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < info.alignments.size(); ++i) {
    const auto& a = info.alignments[i];
    alignment.bind(0, static_cast<std::int64_t>(i))
        .bind(1, std::int64_t{a.file})
        .bind(2, a.offset)
        .bind(3, std::int64_t{a.matched_collectives})
        .bind(4, a.residual)
        .bind(5, std::string_view(a.method))
        .run();
  }
}

}  // namespace

void write_info(Database& database, const TraceInfo& info) {
  database.execute(
      "DELETE FROM files; DELETE FROM skipped; DELETE FROM warnings; DELETE FROM extra;"
      "DELETE FROM alignments; DELETE FROM rules; DELETE FROM meta");
  put_meta(database, "format", info.format);
  put_meta(database, "producer", info.producer);
  put_meta(database, "events", static_cast<std::int64_t>(info.events));
  if (info.start_epoch_ns) put_meta(database, "start_epoch_ns", *info.start_epoch_ns);
  put_meta(database, "written_by", "moescope " + program_version());
  write_info_lists(database, info);
  if (!info.rules_json.empty())
    Statement(database, "INSERT INTO rules VALUES(0, ?)")
        .bind(0, std::string_view(info.rules_json))
        .run();
}

void write_event_count(Database& database, std::uint64_t events) {
  put_meta(database, "events", static_cast<std::int64_t>(events));
}

void write_process(Database& database, ProcessId id, const Process& p) {
  Statement row(database, "INSERT INTO processes VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, std::int64_t{id})
      .bind(1, std::string_view(p.label))
      .bind(2, std::string_view(p.pid))
      .bind(3, std::string_view(p.name))
      .bind(5, std::int64_t{p.world_size})
      .bind(6, std::int64_t{p.node})
      .bind(7, std::int64_t{p.file});
  if (p.rank) row.bind(4, std::int64_t{*p.rank});
  row.run();
}

void write_device(Database& database, std::size_t id, const Device& d) {
  Statement row(database, "INSERT INTO devices VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, static_cast<std::int64_t>(id))
      .bind(1, std::int64_t{d.process})
      .bind(2, std::int64_t{d.index})
      .bind(3, std::string_view(d.name))
      .bind(4, std::string_view(d.uuid))
      .bind(5, std::int64_t{d.sm_count})
      .bind(6, std::int64_t{d.compute_major})
      .bind(7, std::int64_t{d.compute_minor})
      .bind(8, std::int64_t{d.max_threads_per_sm})
      .bind(9, std::int64_t{d.max_blocks_per_sm})
      .bind(10, std::int64_t{d.registers_per_sm})
      .bind(11, d.shared_memory_per_sm)
      .bind(12, d.shared_memory_per_block_max)
      .bind(13, std::int64_t{d.on_cpu})
      .run();
}

void write_track(Database& database, TrackId id, const Track& t) {
  Statement(database, "INSERT INTO tracks VALUES(?, ?, ?, ?, ?, ?)")
      .bind(0, std::int64_t{id})
      .bind(1, std::int64_t{t.process})
      .bind(2, static_cast<std::int64_t>(t.type))
      .bind(3, std::int64_t{t.device})
      .bind(4, t.id)
      .bind(5, std::string_view(t.name))
      .run();
}

void write_launch(Database& database, LaunchId id, const LaunchConfig& l) {
  Statement row(database, "INSERT INTO launches VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, std::int64_t{id});
  for (int i = 0; i < 3; ++i) {
    const auto axis = static_cast<std::size_t>(i);
    row.bind(1 + i, std::int64_t{l.grid[axis]});
    row.bind(4 + i, std::int64_t{l.block[axis]});
    row.bind(7 + i, std::int64_t{l.cluster[axis]});
  }
  row.bind(10, std::int64_t{l.registers_per_thread}).bind(11, std::int64_t{l.shared_memory}).run();
}

void write_strings(Database& database, const StringTable& strings, std::size_t first,
                   std::size_t last) {
  strings.load_all();
  Statement row(database, "INSERT INTO strings VALUES(?, ?)");
  for (std::size_t id = first; id < last; ++id)
    row.bind(0, static_cast<std::int64_t>(id)).bind(1, strings[static_cast<StringId>(id)]).run();
}

void write_counter(Database& database, std::size_t id, const CounterSeries& c) {
  const std::string data = codec::encode_samples(c.times, c.values);
  Statement(database, "INSERT INTO counters VALUES(?, ?, ?, ?, ?, ?)")
      .bind(0, static_cast<std::int64_t>(id))
      .bind(1, std::int64_t{c.process})
      .bind(2, std::int64_t{c.device})
      .bind(3, std::string_view(c.name))
      .bind(4, std::string_view(c.unit))
      .bind_blob(5, data)
      .run();
}

void write_note(Database& database, std::size_t id, const Note& note) {
  Statement row(database, "INSERT INTO notes VALUES(?, ?, ?, ?, ?, ?)");
  row.bind(0, static_cast<std::int64_t>(id))
      .bind(1, note.time)
      .bind(4, std::string_view(note.text))
      .bind(5, std::string_view(note.color));
  if (note.track) row.bind(2, std::int64_t{*note.track});
  if (note.span) row.bind(3, std::int64_t{note.span->index});
  row.run();
}

void write_loss(Database& database, std::size_t id, const Loss& loss) {
  Statement row(database, "INSERT OR REPLACE INTO losses VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, static_cast<std::int64_t>(id))
      .bind(1, std::string_view(to_string(loss.kind)))
      .bind(4, loss.when.begin)
      .bind(5, loss.when.end)
      .bind(7, std::string_view(loss.reason));
  if (loss.process) row.bind(2, std::int64_t{*loss.process});
  if (loss.track) row.bind(3, std::int64_t{*loss.track});
  if (loss.count) row.bind(6, static_cast<std::int64_t>(*loss.count));
  row.run();
}

void write_sm_records(Database& database, const std::vector<SmRecord>& records) {
  Statement row(database, "INSERT INTO sm_records(count, data) VALUES(?, ?)");
  for (std::size_t at = 0; at < records.size(); at += kSmRecordsABlock) {
    const std::size_t count = std::min(kSmRecordsABlock, records.size() - at);
    const std::string data = codec::encode_sm_records(records.data() + at, count);
    row.bind(0, static_cast<std::int64_t>(count)).bind_blob(1, data).run();
  }
}

EncodedChunk encode_chunk(TrackId track, std::size_t seq, const SpanColumns& columns,
                          std::string args, const std::string& file) {
  const ChunkInfo info = describe_chunk(columns, nullptr);
  if (info.first_start < -codec::kMaxTime || info.last_end > codec::kMaxTime)
    throw Error(file, "track " + std::to_string(track),
                "spans lie more than 73 years from the trace start, which the format cannot hold");
  return {track, seq, info, codec::encode_columns(columns), std::move(args)};
}

void write_chunk(Database& database, const EncodedChunk& chunk) {
  Statement found(database, "SELECT id FROM chunks WHERE track = ? AND seq = ?");
  found.bind(0, std::int64_t{chunk.track}).bind(1, static_cast<std::int64_t>(chunk.seq));
  std::int64_t id = found.step() ? found.integer(0) : -1;
  if (id < 0) id = database.value("SELECT coalesce(max(id) + 1, 0) FROM chunks");
  Statement(database, "INSERT OR REPLACE INTO chunks VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(0, id)
      .bind(1, std::int64_t{chunk.track})
      .bind(2, static_cast<std::int64_t>(chunk.seq))
      .bind(3, chunk.info.first_start)
      .bind(4, chunk.info.last_start)
      .bind(5, chunk.info.last_end)
      .bind(6, std::int64_t{chunk.info.count})
      .bind(7, static_cast<std::int64_t>(chunk.args.size()))
      .run();
  Statement(database, "INSERT OR REPLACE INTO chunk_columns VALUES(?, ?)")
      .bind(0, id)
      .bind_blob(1, chunk.columns)
      .run();
  if (chunk.args.empty()) return;
  Statement(database, "INSERT OR REPLACE INTO chunk_args VALUES(?, ?)")
      .bind(0, id)
      .bind_blob(1, chunk.args)
      .run();
}

std::vector<EncodedLevel> encode_summary(const TrackSummary& summary) {
  std::vector<EncodedLevel> levels;
  for (const auto& level : summary.levels) {
    EncodedLevel& encoded = levels.emplace_back();
    encoded.depth = level.depth;
    encoded.shift = level.shift;
    for (std::size_t at = 0; at < level.buckets.size(); at += kSummaryBlock) {
      const std::size_t count = std::min(kSummaryBlock, level.buckets.size() - at);
      encoded.first.push_back(level.buckets[at].index);
      encoded.last.push_back(level.buckets[at + count - 1].index);
      encoded.blocks.push_back(codec::encode_buckets(&level.buckets[at], count));
    }
  }
  return levels;
}

void write_summary(Database& database, TrackId track, const std::vector<EncodedLevel>& levels) {
  Statement row(database,
                "INSERT INTO summaries(track, depth, shift, block, first_bucket, last_bucket) "
                "VALUES(?, ?, ?, ?, ?, ?)");
  Statement data(database, "INSERT INTO summary_blocks VALUES(last_insert_rowid(), ?)");
  for (const auto& level : levels) {
    for (std::size_t block = 0; block < level.blocks.size(); ++block) {
      row.bind(0, std::int64_t{track})
          .bind(1, std::int64_t{level.depth})
          .bind(2, std::int64_t{level.shift})
          .bind(3, static_cast<std::int64_t>(block))
          .bind(4, std::int64_t{level.first[block]})
          .bind(5, std::int64_t{level.last[block]})
          .run();
      data.bind_blob(0, level.blocks[block]).run();
    }
  }
}

namespace {

TraceInfo read_info(Database& database) {
  TraceInfo info;
  Statement meta(database, "SELECT key, value FROM meta");
  while (meta.step()) {
    const std::string key = meta.text(0);
    if (key == "format") info.format = meta.text(1);
    if (key == "producer") info.producer = meta.text(1);
    if (key == "events") info.events = static_cast<std::uint64_t>(meta.integer(1));
    if (key == "start_epoch_ns") info.start_epoch_ns = meta.integer(1);
  }
  Statement file(database, "SELECT path FROM files ORDER BY id");
  while (file.step()) info.files.push_back(file.text(0));
  Statement skipped(database, "SELECT reason, count FROM skipped");
  while (skipped.step())
    info.skipped[skipped.text(0)] = static_cast<std::uint64_t>(skipped.integer(1));
  Statement warning(database, "SELECT text FROM warnings ORDER BY id");
  while (warning.step()) info.warnings.push_back(warning.text(0));
  Statement extra(database, "SELECT key, value FROM extra");
  while (extra.step()) info.extra[extra.text(0)] = extra.text(1);
  Statement rules(database, "SELECT json FROM rules ORDER BY id LIMIT 1");
  if (rules.step()) info.rules_json = rules.text(0);
  Statement alignment(database,
                      "SELECT file, offset_ns, matched, residual_ns, method FROM alignments "
                      "ORDER BY id");
  while (alignment.step())
    info.alignments.push_back(
        {static_cast<int>(alignment.integer(0, 0, kInt)), alignment.integer(1),
         static_cast<int>(alignment.integer(2, 0, kInt)), alignment.integer(3), alignment.text(4)});
  return info;
}

std::vector<Process> read_processes(Database& database) {
  std::vector<Process> processes;
  Statement row(database,
                "SELECT id, label, pid, name, rank, world_size, node, file FROM processes "
                "ORDER BY id");
  while (row.step()) {
    check_id(row, database, processes.size(), "processes");
    Process& p = processes.emplace_back();
    p.label = row.text(1);
    p.pid = row.text(2);
    p.name = row.text(3);
    if (!row.is_null(4)) p.rank = static_cast<int>(row.integer(4, -kInt, kInt));
    p.world_size = static_cast<int>(row.integer(5, 0, kInt));
    p.node = static_cast<int>(row.integer(6, -1, kInt));
    p.file = static_cast<int>(row.integer(7, 0, kInt));
  }
  return processes;
}

std::vector<Device> read_devices(Database& database, std::size_t processes) {
  std::vector<Device> devices;
  Statement row(database,
                "SELECT id, process, device, name, uuid, sm_count, compute_major, compute_minor, "
                "max_threads_per_sm, max_blocks_per_sm, registers_per_sm, shared_memory_per_sm, "
                "shared_memory_per_block_max, on_cpu FROM devices ORDER BY id");
  const auto number = [&](int column) { return static_cast<int>(row.integer(column, 0, kInt)); };
  while (row.step()) {
    check_id(row, database, devices.size(), "devices");
    Device& d = devices.emplace_back();
    d.process = static_cast<ProcessId>(row.integer(1, 0, static_cast<std::int64_t>(processes) - 1));
    d.index = static_cast<int>(row.integer(2, -1, kInt));
    d.name = row.text(3);
    d.uuid = row.text(4);
    d.sm_count = static_cast<int>(row.integer(5, 0, kMaxSmCount));
    d.compute_major = number(6);
    d.compute_minor = number(7);
    d.max_threads_per_sm = number(8);
    d.max_blocks_per_sm = number(9);
    d.registers_per_sm = number(10);
    d.shared_memory_per_sm = row.integer(11, 0, std::int64_t{1} << 40);
    d.shared_memory_per_block_max = row.integer(12, 0, std::int64_t{1} << 40);
    d.on_cpu = row.integer(13, 0, 1) == 1;
  }
  return devices;
}

std::vector<Track> read_tracks(Database& database, std::size_t processes) {
  std::vector<Track> tracks;
  Statement row(database, "SELECT id, process, type, device, number, name FROM tracks ORDER BY id");
  while (row.step()) {
    check_id(row, database, tracks.size(), "tracks");
    Track& t = tracks.emplace_back();
    // A track may be declared before any process: the default process 0 need not exist.
    t.process = static_cast<ProcessId>(
        row.integer(1, 0, std::max<std::int64_t>(static_cast<std::int64_t>(processes) - 1, 0)));
    t.type = static_cast<TrackType>(row.integer(2, 0, static_cast<int>(TrackType::Other)));
    t.device = static_cast<int>(row.integer(3, -1, kInt));
    t.id = row.integer(4);
    t.name = row.text(5);
  }
  return tracks;
}

std::vector<LaunchConfig> read_launches(Database& database) {
  std::vector<LaunchConfig> launches;
  Statement row(database,
                "SELECT id, grid_x, grid_y, grid_z, block_x, block_y, block_z, cluster_x, "
                "cluster_y, cluster_z, registers, shared_memory FROM launches ORDER BY id");
  const auto number = [&](int c) { return static_cast<std::uint32_t>(row.integer(c, 0, kU32)); };
  while (row.step()) {
    check_id(row, database, launches.size(), "launches");
    launches.push_back({{number(1), number(2), number(3)},
                        {number(4), number(5), number(6)},
                        {number(7), number(8), number(9)},
                        number(10),
                        number(11)});
  }
  if (launches.empty()) throw damaged(database, "table launches", "row 0 is missing");
  return launches;
}

/// A span that the file does not have is left out of its note.
std::vector<Note> read_notes(Database& database,
                             const std::vector<std::vector<ChunkInfo>>& chunks) {
  std::vector<Note> notes;
  Statement row(database, "SELECT time, track, span, text, color FROM notes ORDER BY id");
  while (row.step()) {
    Note& note = notes.emplace_back();
    note.time = row.integer(0, -codec::kMaxTime, codec::kMaxTime);
    if (!row.is_null(1))
      note.track =
          static_cast<TrackId>(row.integer(1, 0, static_cast<std::int64_t>(chunks.size()) - 1));
    if (note.track && !row.is_null(2)) {
      const SpanRef span{*note.track, static_cast<std::uint32_t>(row.integer(2, 0, kU32))};
      const auto& infos = chunks[span.track];
      if (!infos.empty() &&
          span.index < std::uint64_t{infos.back().first_index} + infos.back().count)
        note.span = span;
    }
    note.text = row.text(3);
    note.color = row.text(4);
  }
  return notes;
}

std::vector<Loss> read_losses(Database& database, std::size_t processes, std::size_t tracks) {
  std::vector<Loss> losses;
  Statement row(database,
                "SELECT id, kind, process, track, begin_ns, end_ns, count, reason FROM losses "
                "ORDER BY id");
  while (row.step()) {
    const auto kind = loss_kind(row.text(1));
    if (!kind)
      throw damaged(database, "table losses, row " + std::to_string(row.integer(0)),
                    "'" + row.text(1).substr(0, 40) + "' is not a kind of loss");
    Loss& loss = losses.emplace_back();
    loss.kind = *kind;
    if (!row.is_null(2))
      loss.process =
          static_cast<ProcessId>(row.integer(2, 0, static_cast<std::int64_t>(processes) - 1));
    if (!row.is_null(3))
      loss.track = static_cast<TrackId>(row.integer(3, 0, static_cast<std::int64_t>(tracks) - 1));
    loss.when.begin = row.integer(4, -codec::kMaxTime, codec::kMaxTime);
    loss.when.end = row.integer(5, loss.when.begin, codec::kMaxTime);
    if (!row.is_null(6))
      loss.count =
          static_cast<std::uint64_t>(row.integer(6, 0, std::numeric_limits<std::int64_t>::max()));
    loss.reason = row.text(7);
  }
  return losses;
}

void read_chunk_infos(Database& database, TraceParts& parts,
                      std::vector<std::vector<std::int64_t>>& chunk_ids) {
  parts.chunk_infos.resize(parts.tracks.size());
  chunk_ids.assign(parts.tracks.size(), {});
  const auto last_track = static_cast<std::int64_t>(parts.tracks.size()) - 1;
  Statement row(database,
                "SELECT id, track, seq, first_start, last_start, last_end, count FROM chunks "
                "ORDER BY track, seq");
  while (row.step()) {
    const auto track = static_cast<std::size_t>(row.integer(1, 0, last_track));
    auto& infos = parts.chunk_infos[track];
    const std::string place = "table chunks, row " + std::to_string(row.integer(0));
    if (row.integer(2) != static_cast<std::int64_t>(infos.size()))
      throw damaged(database, place, "a chunk before it is missing");
    ChunkInfo info;
    info.first_start = row.integer(3, -codec::kMaxTime, codec::kMaxTime);
    info.last_start = row.integer(4, info.first_start, codec::kMaxTime);
    info.last_end = row.integer(5, info.last_start, codec::kMaxTime);
    info.count = static_cast<std::uint32_t>(row.integer(6, 1, codec::kMaxRows));
    info.max_end_so_far = info.last_end;
    if (!infos.empty()) {
      const auto& before = infos.back();
      if (info.first_start < before.last_start)
        throw damaged(database, place, "starts before the chunk before it ends");
      if (std::uint64_t{before.first_index} + before.count + info.count > kU32)
        throw damaged(database, place, "the track has more than 2^32 spans");
      info.first_index = before.first_index + before.count;
      info.max_end_so_far = std::max(before.max_end_so_far, info.last_end);
    }
    infos.push_back(info);
    chunk_ids[track].push_back(row.integer(0));
  }
}

}  // namespace

TraceParts read_metadata(Database& database, std::vector<std::vector<std::int64_t>>& chunk_ids) {
  TraceParts parts;
  parts.info = read_info(database);
  parts.processes = read_processes(database);
  parts.devices = read_devices(database, parts.processes.size());
  parts.tracks = read_tracks(database, parts.processes.size());
  parts.launches = read_launches(database);
  read_chunk_infos(database, parts, chunk_ids);
  parts.notes = read_notes(database, parts.chunk_infos);
  parts.losses = read_losses(database, parts.processes.size(), parts.tracks.size());
  return parts;
}

std::size_t count_strings(Database& database) {
  constexpr std::int64_t kLeastRow = 4;  // bytes of a row in a page, at the very least
  const std::int64_t bytes =
      database.value("PRAGMA main.page_count") * database.value("PRAGMA main.page_size");
  Statement last(database, "SELECT max(id) FROM strings");
  last.step();
  if (last.is_null(0)) throw damaged(database, "table strings", "row 0 is missing");
  const std::int64_t count = last.integer(0, 0, kU32 - 1) + 1;
  // What a reader allocates for names stays in proportion to the file.
  if (count > bytes / kLeastRow)
    throw damaged(database, "table strings", "the last row has a number beyond the file");
  if (!read_strings(database, 0, 1).front().empty())
    throw damaged(database, "table strings", "row 0 is not the empty string");
  return static_cast<std::size_t>(count);
}

std::vector<std::string> read_strings(Database& database, StringId first, StringId end) {
  std::vector<std::string> texts;
  Statement row(database, "SELECT id, text FROM strings WHERE id >= ? AND id < ? ORDER BY id");
  row.bind(0, std::int64_t{first}).bind(1, std::int64_t{end});
  for (std::size_t id = first; id < end; ++id) {
    if (!row.step() || row.integer(0) != static_cast<std::int64_t>(id))
      throw damaged(database, "table strings", "row " + std::to_string(id) + " is missing");
    texts.push_back(row.text(1));
  }
  return texts;
}

std::vector<SmRecord> read_sm_records(Database& database, std::uint64_t processes) {
  std::vector<SmRecord> records;
  Statement row(database, "SELECT id, data FROM sm_records ORDER BY id");
  while (row.step()) {
    const auto block = decoded(database, "sm_records", row.integer(0),
                               [&] { return codec::decode_sm_records(row.blob(1), processes); });
    records.insert(records.end(), block.begin(), block.end());
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const SmRecord& a, const SmRecord& b) { return a.start < b.start; });
  return records;
}

std::vector<CounterSeries> read_counters(Database& database, std::uint64_t processes) {
  std::vector<CounterSeries> counters;
  Statement row(database, "SELECT id, process, device, name, unit, data FROM counters ORDER BY id");
  while (row.step()) {
    CounterSeries& c = counters.emplace_back();
    c.process = static_cast<ProcessId>(
        row.integer(1, 0, std::max<std::int64_t>(static_cast<std::int64_t>(processes) - 1, 0)));
    c.device = static_cast<int>(row.integer(2, -1, kInt));
    c.name = row.text(3);
    c.unit = row.text(4);
    decoded(database, "counters", row.integer(0),
            [&] { codec::decode_samples(row.blob(5), c.times, c.values); });
  }
  return counters;
}

}  // namespace moescope::tables
