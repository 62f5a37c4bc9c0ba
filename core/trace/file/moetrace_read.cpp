#include <fmt/format.h>
#include <sys/stat.h>

#include <map>

#include "core/error.h"
#include "core/trace/byte_cache.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_codec.h"
#include "core/trace/file/moetrace_schema.h"
#include "core/trace/file/moetrace_tables.h"

namespace moescope {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr std::size_t kChunkCacheBytes = std::size_t{128} << 20;
constexpr std::size_t kBucketCacheBytes = std::size_t{128} << 20;
constexpr std::size_t kBytesPerSpan = 30;

/// Connections to one file, one a thread at a time; more are opened when more threads ask.
class Connections {
 public:
  explicit Connections(std::filesystem::path path)
      : path_(std::move(path)), identity_(identify()) {}

  class Lease {
   public:
    explicit Lease(Connections& pool) : pool_(pool), database_(pool.take()) {}
    ~Lease() { pool_.put_back(std::move(database_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Database& operator*() { return *database_; }

   private:
    Connections& pool_;
    std::unique_ptr<Database> database_;
  };

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  Identity identify() const {
    struct stat status {};
    if (stat(path_.c_str(), &status) != 0)
      throw Error(path_.string(), "", "cannot be read",
                  "Check that the file exists and that you may read it");
    return {status.st_dev, status.st_ino};
  }

  std::unique_ptr<Database> take() {
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto database = std::move(free_.back());
        free_.pop_back();
        return database;
      }
    }
    auto database = schema::open_for_reading(path_);
    if (identify() != identity_)
      throw Error(path_.string(), "", "was replaced by another file since it was opened",
                  "Open it again");
    return database;
  }
  void put_back(std::unique_ptr<Database> database) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(database));
  }

  std::filesystem::path path_;
  Identity identity_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> free_;
};

struct SummaryBlockInfo {
  std::int64_t id = 0;
  std::uint32_t first = 0, last = 0;
};
/// Stored blocks of a track by (depth, shift), ascending.
using SummaryIndex = std::map<std::pair<std::uint8_t, std::uint8_t>, std::vector<SummaryBlockInfo>>;

Error damaged(const Database& database, const char* table, std::int64_t row,
              const std::string& what) {
  return Error(database.name(), fmt::format("table {}, row {}", table, row),
               fmt::format("damaged: {}", what),
               "The file was cut or changed after it was written; record or import it again");
}

/// The BLOB of one row, handed to `use` while the statement holds it.
template <typename Use>
auto with_blob(Database& database, const char* table, std::int64_t id, Use use) {
  Statement row(database, fmt::format("SELECT data FROM {} WHERE id = ?", table));
  if (!row.bind(0, id).step()) throw damaged(database, table, id, "the row is missing");
  try {
    return use(row.blob(0));
  } catch (const codec::Damaged& problem) {
    throw damaged(database, table, id, problem.what);
  }
}

/// Everything the store knows before it reads a BLOB.
struct StoreParts {
  std::vector<std::vector<ChunkInfo>> infos;
  std::vector<std::vector<std::int64_t>> chunk_ids;
  std::vector<std::vector<std::size_t>> args_bytes;
  std::vector<SummaryIndex> summaries;
  codec::IdBounds bounds;
  std::uint64_t processes = 0;
};

class FileStore final : public ChunkStore {
 public:
  FileStore(std::shared_ptr<Connections> connections, StoreParts parts)
      : connections_(std::move(connections)), parts_(std::move(parts)) {}

  std::shared_ptr<const SpanChunk> chunk(TrackId track, std::size_t index) const override {
    const std::int64_t id = parts_.chunk_ids.at(track).at(index);
    if (auto cached = chunks_.find(static_cast<std::uint64_t>(id))) return cached;
    auto made =
        std::make_shared<const SpanChunk>(read_columns(track, index), args_loader(track, index));
    const std::size_t bytes = made->size() * kBytesPerSpan + parts_.args_bytes[track][index];
    return chunks_.insert(static_cast<std::uint64_t>(id), std::move(made), bytes);
  }

  std::shared_ptr<const TrackSummary> summary(TrackId track) const override {
    const auto& index = parts_.summaries.at(track);
    if (index.empty()) return nullptr;
    auto summary = std::make_shared<TrackSummary>();
    summary->depth_count = static_cast<std::uint8_t>(depth_count(track));
    for (const auto& [key, blocks] : index) {
      SummaryLevel& level = summary->levels.emplace_back();
      level.depth = key.first;
      level.shift = key.second;
      for (const auto& block : blocks) {
        const auto buckets = read_block(block, key.second);
        level.buckets.insert(level.buckets.end(), buckets->begin(), buckets->end());
      }
    }
    return summary;
  }

  int depth_count(TrackId track) const override {
    const auto& index = parts_.summaries.at(track);
    return index.empty() ? -1 : index.rbegin()->first.first + 1;
  }

  bool visit_buckets(TrackId track, const BucketQuery& query,
                     const BucketVisitor& visit) const override {
    const std::vector<SummaryBlockInfo>* blocks = nullptr;
    std::uint8_t shift = 0;
    for (const auto& [key, found] : parts_.summaries.at(track)) {
      if (key.first != query.depth) continue;
      if (static_cast<double>(TimeNs{1} << key.second) > query.ns_per_pixel) break;
      blocks = &found;
      shift = key.second;
    }
    if (!blocks) return false;
    for (const auto& block : *blocks) {
      if ((TimeNs{block.last} + 1) << shift <= query.window.begin) continue;
      if (TimeNs{block.first} << shift >= query.window.end) break;
      const auto buckets = block_of(block, shift);
      const auto first = std::partition_point(buckets->begin(), buckets->end(), [&](const auto& b) {
        return (TimeNs{b.index} + 1) << shift <= query.window.begin;
      });
      const auto last = std::partition_point(first, buckets->end(), [&](const auto& b) {
        return TimeNs{b.index} << shift < query.window.end;
      });
      if (first != last) visit(std::span(first, last), shift);
    }
    return true;
  }

  std::vector<SmRecord> sm_records() const override {
    Connections::Lease database(*connections_);
    return tables::read_sm_records(*database, parts_.processes);
  }
  std::vector<CounterSeries> counters() const override {
    Connections::Lease database(*connections_);
    return tables::read_counters(*database, parts_.processes);
  }

 private:
  using Buckets = std::vector<SummaryBucket>;

  SpanColumns read_columns(TrackId track, std::size_t index) const {
    const ChunkInfo& info = parts_.infos[track][index];
    const std::int64_t id = parts_.chunk_ids[track][index];
    Connections::Lease database(*connections_);
    SpanColumns columns = with_blob(*database, "chunk_columns", id, [&](std::string_view bytes) {
      return codec::decode_columns(bytes, info.count, parts_.bounds);
    });
    const ChunkInfo found = describe_chunk(columns, nullptr);
    if (found.first_start != info.first_start || found.last_start != info.last_start ||
        found.last_end != info.last_end)
      throw damaged(*database, "chunk_columns", id, "its times are not those of table chunks");
    return columns;
  }

  std::function<ArgsBlock()> args_loader(TrackId track, std::size_t index) const {
    if (parts_.args_bytes[track][index] == 0) return {};
    return [pool = connections_, id = parts_.chunk_ids[track][index]] {
      Connections::Lease database(*pool);
      return with_blob(*database, "chunk_args", id, [&](std::string_view bytes) {
        return ArgsBlock::from_compressed(
            std::string(bytes),
            fmt::format("{}, table chunk_args, row {}", (*database).name(), id));
      });
    };
  }

  std::shared_ptr<const Buckets> read_block(const SummaryBlockInfo& block,
                                            std::uint8_t shift) const {
    Connections::Lease database(*connections_);
    auto buckets = with_blob(*database, "summary_blocks", block.id, [&](std::string_view bytes) {
      return std::make_shared<const Buckets>(codec::decode_buckets(bytes, shift, parts_.bounds));
    });
    if (buckets->empty() || buckets->front().index != block.first ||
        buckets->back().index != block.last)
      throw damaged(*database, "summary_blocks", block.id,
                    "its bucket numbers are not those of table summaries");
    return buckets;
  }

  std::shared_ptr<const Buckets> block_of(const SummaryBlockInfo& block, std::uint8_t shift) const {
    const auto key = static_cast<std::uint64_t>(block.id);
    if (auto cached = buckets_.find(key)) return cached;
    auto buckets = read_block(block, shift);
    const std::size_t bytes = buckets->size() * sizeof(SummaryBucket);
    return buckets_.insert(key, std::move(buckets), bytes);
  }

  std::shared_ptr<Connections> connections_;
  StoreParts parts_;
  mutable ByteCache<SpanChunk> chunks_{kChunkCacheBytes};
  mutable ByteCache<Buckets> buckets_{kBucketCacheBytes};
};

std::vector<std::vector<std::size_t>> read_args_bytes(Database& database, std::size_t tracks) {
  std::vector<std::vector<std::size_t>> sizes(tracks);
  Statement row(database, "SELECT track, args_bytes FROM chunks ORDER BY track, seq");
  while (row.step())
    sizes.at(static_cast<std::size_t>(row.integer(0)))
        .push_back(static_cast<std::size_t>(row.integer(1, 0, std::int64_t{1} << 30)));
  return sizes;
}

std::vector<SummaryIndex> read_summary_index(Database& database, std::size_t tracks) {
  constexpr std::int64_t kLast = 0xffffffff;
  std::vector<SummaryIndex> index(tracks);
  Statement row(database,
                "SELECT id, track, depth, shift, block, first_bucket, last_bucket FROM summaries "
                "ORDER BY track, depth, shift, block");
  while (row.step()) {
    const auto track =
        static_cast<std::size_t>(row.integer(1, 0, static_cast<std::int64_t>(tracks) - 1));
    const auto depth = static_cast<std::uint8_t>(row.integer(2, 0, 254));
    const auto shift = static_cast<std::uint8_t>(row.integer(3, 0, 60));
    auto& blocks = index[track][{depth, shift}];
    const auto first = static_cast<std::uint32_t>(row.integer(5, 0, kLast));
    const auto last = static_cast<std::uint32_t>(row.integer(6, first, kLast));
    if (row.integer(4) != static_cast<std::int64_t>(blocks.size()) ||
        (!blocks.empty() && first <= blocks.back().last) ||
        TimeNs{last} > (codec::kMaxTime >> shift))
      throw damaged(database, "summaries", row.integer(0), "blocks are missing or out of order");
    blocks.push_back({row.integer(0), first, last});
  }
  return index;
}

}  // namespace

TracePtr open_moetrace(const std::filesystem::path& path) {
  auto connections = std::make_shared<Connections>(path);
  StoreParts store;
  TraceParts parts;
  {
    Connections::Lease database(*connections);
    // One transaction: all tables as of one commit, also while a writer goes on.
    (*database).execute("BEGIN");
    parts = tables::read_metadata(*database, store.chunk_ids);
    store.bounds = {tables::count_strings(*database), parts.launches.size()};
    store.args_bytes = read_args_bytes(*database, parts.tracks.size());
    store.summaries = read_summary_index(*database, parts.tracks.size());
    (*database).execute("COMMIT");
  }
  // A recording was made from no other file.
  if (parts.info.files.empty()) parts.info.files = {path.string()};
  store.infos = parts.chunk_infos;
  parts.strings = std::make_shared<const StringTable>(
      static_cast<std::size_t>(store.bounds.strings), [connections](StringId first, StringId end) {
        Connections::Lease database(*connections);
        return tables::read_strings(*database, first, end);
      });
  store.processes = parts.processes.size();
  parts.store = std::make_shared<const FileStore>(connections, std::move(store));
  return std::make_shared<const Trace>(std::move(parts));
}

}  // namespace moescope
