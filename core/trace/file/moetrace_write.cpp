#include <sqlite3.h>

#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_log.h"
#include "core/trace/file/moetrace_schema.h"
#include "core/trace/file/moetrace_tables.h"

namespace moescope {
namespace {

/// Chunks encoded at a time: enough for all cores, little enough memory.
constexpr std::size_t kGroup = 64;

void write_metadata(sqlite::Database& database, const Trace& trace, const MoetraceExtras& extras) {
  TraceInfo info = trace.info();
  if (!extras.rules_json.empty()) info.rules_json = extras.rules_json;
  tables::write_info(database, info);
  for (ProcessId i = 0; i < trace.processes().size(); ++i)
    tables::write_process(database, i, trace.processes()[i]);
  for (std::size_t i = 0; i < trace.devices().size(); ++i)
    tables::write_device(database, i, trace.devices()[i]);
  for (TrackId i = 0; i < trace.tracks().size(); ++i)
    tables::write_track(database, i, trace.tracks()[i]);
  for (LaunchId i = 0; i < trace.launches().size(); ++i)
    tables::write_launch(database, i, trace.launches()[i]);
  tables::write_strings(database, trace.strings(), 0, trace.strings().size());
  tables::write_sm_records(database, trace.sm_records());
  for (std::size_t i = 0; i < trace.counters().size(); ++i)
    tables::write_counter(database, i, trace.counters()[i]);
  for (std::size_t i = 0; i < trace.losses().size(); ++i)
    tables::write_loss(database, i, trace.losses()[i]);
  const auto& notes = extras.notes ? *extras.notes : trace.notes();
  for (std::size_t i = 0; i < notes.size(); ++i) tables::write_note(database, i, notes[i]);
}

void write_chunks(sqlite::Database& database, const Trace& trace, Progress& progress) {
  std::vector<std::pair<TrackId, std::size_t>> all;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    for (std::size_t seq = 0; seq < trace.chunk_infos(track).size(); ++seq)
      all.emplace_back(track, seq);
  for (std::size_t at = 0; at < all.size(); at += kGroup) {
    progress.report(0.8 * static_cast<double>(at) / static_cast<double>(all.size()),
                    "writing spans");
    std::vector<tables::EncodedChunk> group(std::min(kGroup, all.size() - at));
    parallel_for(group.size(), [&](std::size_t i) {
      progress.check();
      const auto [track, seq] = all[at + i];
      const auto chunk = trace.chunk(track, seq);
      group[i] = tables::encode_chunk(track, seq, chunk->columns(), chunk->args().compressed(),
                                      database.name());
    });
    for (const auto& chunk : group) tables::write_chunk(database, chunk);
  }
}

}  // namespace

namespace tables {
void write_summaries(sqlite::Database& database, const Trace& trace, Progress& progress) {
  const auto tracks = trace.tracks().size();
  for (std::size_t at = 0; at < tracks; at += kGroup) {
    progress.report(0.8 + 0.2 * static_cast<double>(at) / static_cast<double>(tracks),
                    "writing summaries");
    std::vector<std::vector<EncodedLevel>> group(std::min(kGroup, tracks - at));
    parallel_for(group.size(), [&](std::size_t i) {
      progress.check();
      const auto track = static_cast<TrackId>(at + i);
      if (trace.span_count(track) > 0) group[i] = encode_summary(compute_summary(trace, track));
    });
    for (std::size_t i = 0; i < group.size(); ++i)
      write_summary(database, static_cast<TrackId>(at + i), group[i]);
  }
}
}  // namespace tables

void write_moetrace(const Trace& trace, const std::filesystem::path& path, Progress& progress,
                    const MoetraceExtras& extras) {
  NewFile written(path);
  {
    sqlite::Database database(written.path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    // Nobody sees the file before it is whole: no journal, one sync at the end.
    database.execute(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = 2; BEGIN");
    schema::create(database);
    write_metadata(database, trace, extras);
    write_chunks(database, trace, progress);
    tables::write_summaries(database, trace, progress);
    database.execute("COMMIT");
    database.close();
  }
  progress.check();
  fold_log(path);
  written.replace_target();
  progress.report(1, "written");
}

}  // namespace moescope
