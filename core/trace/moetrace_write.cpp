#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/parallel.h"
#include "core/trace/moetrace.h"
#include "core/trace/moetrace_schema.h"
#include "core/trace/moetrace_tables.h"

namespace moescope {
namespace {

/// Chunks encoded at a time: enough for all cores, little enough memory.
constexpr std::size_t kGroup = 64;

/// A file that goes away unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : path_(target.string() + ".part-" + std::to_string(getpid())) {
    remove_quietly();
  }
  ~TemporaryFile() { remove_quietly(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

  /// On disk for good, under the name the user asked for.
  void become(const std::filesystem::path& target) {
    sync(path_, target);
    if (std::rename(path_.c_str(), target.c_str()) != 0) fail(target, "cannot be replaced");
    const auto folder = target.parent_path();
    sync(folder.empty() ? std::filesystem::path(".") : folder, target);
  }

 private:
  static void sync(const std::filesystem::path& what, const std::filesystem::path& target) {
    const int file = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(target, "cannot be written");
    const int code = ::fsync(file);
    const int reason = errno;
    ::close(file);
    errno = reason;
    if (code != 0 && reason != EINVAL) fail(target, "cannot be written");
  }
  [[noreturn]] static void fail(const std::filesystem::path& target, const std::string& problem) {
    throw Error(target.string(), "", problem + ": " + std::strerror(errno),
                "Check free space and your rights in its folder");
  }
  void remove_quietly() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  std::filesystem::path path_;
};

void write_metadata(sqlite::Database& database, const Trace& trace, const TraceInfo& info) {
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
  for (std::size_t i = 0; i < trace.notes().size(); ++i)
    tables::write_note(database, i, trace.notes()[i]);
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
                    const std::string& rules_json) {
  if (std::filesystem::is_directory(path))
    throw Error(path.string(), "", "is a folder", "Name a file to write");
  TemporaryFile temporary(path);
  TraceInfo info = trace.info();
  if (!rules_json.empty()) info.rules_json = rules_json;
  {
    sqlite::Database database(temporary.path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    // Nobody sees the file before it is whole: no journal, one sync at the end.
    database.execute(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = 2; BEGIN");
    schema::create(database);
    write_metadata(database, trace, info);
    write_chunks(database, trace, progress);
    tables::write_summaries(database, trace, progress);
    database.execute("COMMIT");
    database.close();
  }
  progress.check();
  temporary.become(path);
  progress.report(1, "written");
}

}  // namespace moescope
