#include "core/import/nsys/nsys_events.h"

#include <fmt/format.h>

#include <array>

#include "core/import/nsys/nsys_words.h"

namespace moescope::nsys {
namespace {

enum class Source : std::uint8_t { Kernel, Memcpy, Memset, Sync, Graph, Runtime, Nvtx };

struct SourceTable {
  Source source;
  const char* table;
  bool on_device;
};
constexpr std::array<SourceTable, 7> kSources = {{
    {Source::Kernel, "CUPTI_ACTIVITY_KIND_KERNEL", true},
    {Source::Memcpy, "CUPTI_ACTIVITY_KIND_MEMCPY", true},
    {Source::Memset, "CUPTI_ACTIVITY_KIND_MEMSET", true},
    {Source::Sync, "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", true},
    {Source::Graph, "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", true},
    {Source::Runtime, "CUPTI_ACTIVITY_KIND_RUNTIME", false},
    {Source::Nvtx, "NVTX_EVENTS", false},
}};

// NVTX event types: ranges and marks are spans, the others name domains, categories and threads.
constexpr std::int64_t kNvtxMark = 34, kNvtxPushPop = 59, kNvtxStartEnd = 60, kNvtxDomain = 75;
constexpr std::int64_t kThreadMask = 0xFFFFFF;
constexpr std::size_t kFlushArgsBytes = std::size_t{64} << 20;
constexpr std::int64_t kMaxGridX = 0x7FFFFFFF, kMaxGridYz = 0xFFFF;

/// Columns that a Span, its track or its launch holds; all others are arguments.
bool is_mapped(std::string_view column) {
  static const std::set<std::string_view> mapped = {
      "start",     "end",           "deviceId",           "streamId",     "globalPid", "gridX",
      "gridY",     "gridZ",         "globalTid",          "blockX",       "blockY",    "blockZ",
      "clusterX",  "nameId",        "clusterY",           "clusterZ",     "text",      "textId",
      "eventType", "demangledName", "registersPerThread", "correlationId"};
  return mapped.contains(column);
}

bool is_string_id(std::string_view column) {
  return column == "shortName" || column == "mangledName" || column == "jsonTextId";
}

/// A cursor over one event table that stops only at rows that can be spans.
class EventRows {
 public:
  EventRows(const Database& database, const SourceTable& source, const TableShape& table,
            const char* order)
      : source_(source), rows_(database.rows(table, order)) {
    start_ = rows_.column("start");
    end_ = rows_.column("end");
    global_ = rows_.column(source.on_device ? "globalPid" : "globalTid");
    device_ = rows_.column("deviceId");
    stream_ = rows_.column("streamId");
    context_ = rows_.column("contextId");
    green_ = rows_.column("greenContextId");
    correlation_ = rows_.column("correlationId");
    type_ = rows_.column("eventType");
  }

  /// Steps to the next usable row; unusable ones are counted in `counts`.
  bool next(EventCounts& counts) {
    while (rows_.next()) {
      ++counts.rows;
      if (const char* reason = read()) {
        if (*reason != '\0') ++counts.skipped[reason];
        continue;
      }
      return true;
    }
    return false;
  }

  Source source() const { return source_.source; }
  const Rows& rows() const { return rows_; }
  std::int64_t start() const { return start_ns_; }
  std::int64_t end() const { return end_ns_; }
  const Lane& lane() const { return lane_; }
  bool is_mark() const { return mark_; }
  bool is_open() const { return open_; }
  std::int64_t context() const {
    return rows_.integer(green_).value_or(rows_.integer_or(context_, 0));
  }
  std::uint32_t correlation() const {
    const auto value = rows_.integer_or(correlation_, 0);
    return value > 0 && value <= 0xFFFFFFFF ? static_cast<std::uint32_t>(value) : 0;
  }

 private:
  /// nullptr for a usable row, "" for one that is no event, else why it is skipped.
  const char* read() {
    mark_ = open_ = false;
    if (source_.source == Source::Nvtx && !read_nvtx_type()) return "";
    const auto start = rows_.integer(start_);
    if (!start) return "start is no integer";
    auto end = rows_.integer(end_);
    if (source_.source == Source::Nvtx && rows_.is_null(end_)) {
      end = start;
      open_ = !mark_;
      mark_ = true;
    }
    if (!end) return "end is no integer";
    if (!is_time(*start) || !is_time(*end)) return "time out of range";
    if (*end < *start) return "ends before it starts";
    start_ns_ = *start;
    end_ns_ = *end;
    return read_lane();
  }

  bool read_nvtx_type() {
    const auto type = rows_.integer_or(type_, kNvtxPushPop);
    mark_ = type == kNvtxMark;
    return mark_ || type == kNvtxPushPop || type == kNvtxStartEnd;
  }

  const char* read_lane() {
    const auto global = rows_.integer(global_);
    lane_.process = global ? process_key(*global) : 0;
    if (!source_.on_device) {
      lane_.id = global.value_or(0) & kThreadMask;
      return nullptr;
    }
    const auto device = rows_.integer(device_);
    if (!device || *device < 0 || *device > 0x7FFFFFFF) return "no device";
    lane_.device = *device;
    lane_.id = rows_.integer_or(stream_, 0);
    return nullptr;
  }

  SourceTable source_;
  Rows rows_;
  int start_, end_, global_, device_, stream_, context_, green_, correlation_, type_;
  std::int64_t start_ns_ = 0, end_ns_ = 0;
  Lane lane_;
  bool mark_ = false, open_ = false;
};

/// Reads what a row says beyond times: its name, launch and arguments.
class Describer {
 public:
  Describer(const Rows& rows, Source source, const Strings& strings,
            const std::map<std::int64_t, std::string>& domains, TraceSink& sink)
      : source_(source), strings_(&strings), domains_(&domains), sink_(&sink) {
    const auto& columns = rows.table().columns;
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (!is_mapped(columns[i])) args_.push_back(static_cast<int>(i));
    for (const char* name : {"demangledName", "shortName", "mangledName", "nameId"})
      if (const int column = rows.column(name); column >= 0) names_.push_back(column);
    const std::array<const char*, 12> launch = {"gridX",
                                                "gridY",
                                                "gridZ",
                                                "blockX",
                                                "blockY",
                                                "blockZ",
                                                "clusterX",
                                                "clusterY",
                                                "clusterZ",
                                                "registersPerThread",
                                                "staticSharedMemory",
                                                "dynamicSharedMemory"};
    for (std::size_t i = 0; i < launch.size(); ++i) launch_[i] = rows.column(launch[i]);
    text_ = rows.column("text");
    text_id_ = rows.column("textId");
    copy_kind_ = rows.column("copyKind");
    source_kind_ = rows.column("srcKind");
    target_kind_ = rows.column("dstKind");
    memory_kind_ = rows.column("memKind");
    sync_type_ = rows.column("syncType");
    graph_ = rows.column("graphId");
    domain_ = rows.column("domainId");
    correlation_ = rows.column("correlationId");
  }

  StringId name(const Rows& rows) const {
    switch (source_) {
      case Source::Memcpy:
        return sink_->strings().intern(copy_name(rows));
      case Source::Memset: {
        const auto kind = memory_kind(rows.integer_or(memory_kind_, -1));
        return sink_->strings().intern(kind.empty() ? "Memset" : fmt::format("Memset ({})", kind));
      }
      case Source::Sync: {
        const auto word = word_of("syncType", rows.integer_or(sync_type_, 0));
        return sink_->strings().intern(word.empty() ? "Synchronize" : word);
      }
      case Source::Graph:
        return sink_->strings().intern(fmt::format("CUDA graph {}", rows.integer_or(graph_, 0)));
      case Source::Nvtx:
        return nvtx_name(rows);
      default:
        return string_name(rows);
    }
  }

  LaunchId launch(const Rows& rows) const {
    if (source_ != Source::Kernel) return 0;
    const auto number = [&](std::size_t i, std::int64_t limit) {
      const auto value = rows.integer_or(launch_[i], 0);
      return value >= 0 && value <= limit ? static_cast<std::uint32_t>(value) : 0U;
    };
    LaunchConfig config;
    config.grid = {number(0, kMaxGridX), number(1, kMaxGridYz), number(2, kMaxGridYz)};
    config.block = {number(3, kMaxGridYz), number(4, kMaxGridYz), number(5, kMaxGridYz)};
    config.cluster = {number(6, kMaxGridYz), number(7, kMaxGridYz), number(8, kMaxGridYz)};
    config.registers_per_thread = number(9, kMaxGridYz);
    config.shared_memory = number(10, kMaxGridX) + number(11, kMaxGridX);
    return sink_->intern_launch(config);
  }

  /// Appends the columns that are not mapped as a JSON object; nothing when all are null.
  void args(const Rows& rows, bool open, std::string& out) const {
    const std::size_t before = out.size();
    for (const int column : args_) {
      if (rows.is_null(column)) continue;
      key(rows.table().columns[static_cast<std::size_t>(column)], before, out);
      value(rows, column, out);
    }
    if (const auto wide = rows.integer(correlation_); wide && (*wide < 0 || *wide > 0xFFFFFFFF)) {
      key("correlationId", before, out);
      out += std::to_string(*wide);
    }
    if (open) {
      key("end", before, out);
      append_json_string("not recorded", out);
    }
    if (out.size() > before) out += '}';
  }

 private:
  static void key(std::string_view name, std::size_t before, std::string& out) {
    out += out.size() == before ? '{' : ',';
    append_json_string(name, out);
    out += ':';
  }

  void value(const Rows& rows, int column, std::string& out) const {
    const auto& name = rows.table().columns[static_cast<std::size_t>(column)];
    const auto number = rows.integer(column);
    if (number && is_string_id(name)) {
      if (const auto* text = strings_->text(*number)) return append_json_string(*text, out);
    } else if (number && column == domain_) {
      if (const auto it = domains_->find(*number); it != domains_->end())
        return append_json_string(it->second, out);
    } else if (number) {
      const auto word = word_of(name, *number);
      if (!word.empty()) return append_json_string(word, out);
    }
    rows.append_json(column, out);
  }

  StringId string_name(const Rows& rows) const {
    for (const int column : names_) {
      const auto id = rows.integer(column);
      if (!id) {
        if (!rows.is_null(column)) return sink_->strings().intern(rows.text(column));
        continue;
      }
      if (const auto* text = strings_->text(*id)) return interned(*id, *text);
    }
    return sink_->strings().intern(source_ == Source::Kernel ? "(unnamed kernel)"
                                                             : "(unnamed call)");
  }

  StringId nvtx_name(const Rows& rows) const {
    if (!rows.is_null(text_)) return sink_->strings().intern(rows.text(text_));
    if (const auto id = rows.integer(text_id_))
      if (const auto* text = strings_->text(*id)) return interned(*id, *text);
    return sink_->strings().intern("(unnamed range)");
  }

  StringId interned(std::int64_t id, const std::string& text) const {
    const auto [it, added] = interned_.try_emplace(id, 0);
    if (added) it->second = sink_->strings().intern(text);
    return it->second;
  }

  std::string copy_name(const Rows& rows) const {
    std::string name = "Memcpy";
    if (const auto kind = copy_kind(rows.integer_or(copy_kind_, 0)); !kind.empty())
      name.append(" ").append(kind);
    const auto from = memory_kind(rows.integer_or(source_kind_, -1));
    const auto to = memory_kind(rows.integer_or(target_kind_, -1));
    if (!from.empty() && !to.empty()) name += fmt::format(" ({} -> {})", from, to);
    return name;
  }

  Source source_;
  const Strings* strings_;
  const std::map<std::int64_t, std::string>* domains_;
  TraceSink* sink_;
  std::vector<int> args_, names_;
  std::array<int, 12> launch_{};
  int text_, text_id_, copy_kind_, source_kind_, target_kind_, memory_kind_, sync_type_, graph_,
      domain_, correlation_;
  mutable std::unordered_map<std::int64_t, StringId> interned_;
};

SpanKind kind_of(const EventRows& row) {
  switch (row.source()) {
    case Source::Kernel:
      return SpanKind::Kernel;
    case Source::Memcpy:
      return SpanKind::Memcpy;
    case Source::Memset:
      return SpanKind::Memset;
    case Source::Sync:
      return SpanKind::Sync;
    case Source::Graph:
      return SpanKind::GpuAnnotation;
    case Source::Runtime:
      return SpanKind::Runtime;
    case Source::Nvtx:
      return row.is_mark() ? SpanKind::Instant : SpanKind::Annotation;
  }
  return SpanKind::Other;
}

std::map<std::int64_t, std::string> nvtx_domains(const Database& database, const Strings& strings) {
  std::map<std::int64_t, std::string> domains;
  const TableShape* table = database.table("NVTX_EVENTS");
  if (table == nullptr || !table->has("domainId") || !table->has("eventType")) return domains;
  Rows rows = database.rows(*table);
  const int type = rows.column("eventType"), domain = rows.column("domainId");
  const int text = rows.column("text"), text_id = rows.column("textId");
  while (rows.next()) {
    const auto id = rows.integer(domain);
    if (rows.integer_or(type, 0) != kNvtxDomain || !id) continue;
    if (!rows.is_null(text))
      domains[*id] = std::string(rows.text(text));
    else if (const auto* found = strings.text(rows.integer_or(text_id, -1)))
      domains[*id] = *found;
  }
  return domains;
}

/// One table on its way into the trace.
struct Stream {
  EventRows rows;
  Describer describer;
  bool more;
};

/// Collects spans per track and hands them on in chunks.
class TrackBatches {
 public:
  TrackBatches(const std::map<Lane, TrackId>& tracks, std::int64_t origin, bool keep_args,
               TraceSink& sink)
      : tracks_(&tracks), origin_(origin), keep_args_(keep_args), sink_(&sink) {}

  void add(const Stream& from) {
    const EventRows& row = from.rows;
    const TrackId track = tracks_->at(row.lane());
    SpanBatch& batch = batches_[track];
    auto& columns = batch.columns;
    columns.start.push_back(row.start() - origin_);
    columns.duration.push_back(row.end() - row.start());
    columns.name.push_back(from.describer.name(row.rows()));
    columns.correlation.push_back(row.correlation());
    columns.launch.push_back(from.describer.launch(row.rows()));
    columns.kind.push_back(kind_of(row));
    if (keep_args_) {
      if (batch.args_offsets.empty()) batch.args_offsets.push_back(0);
      from.describer.args(row.rows(), row.is_open(), batch.args_text);
      batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
    }
    if (columns.start.size() >= kChunkSpans || batch.args_text.size() >= kFlushArgsBytes)
      flush(track, batch);
  }

  void finish() {
    for (auto& [track, batch] : batches_)
      if (!batch.columns.start.empty()) flush(track, batch);
  }

 private:
  void flush(TrackId track, SpanBatch& batch) {
    sink_->append(track, std::move(batch));
    batch = {};
  }

  const std::map<Lane, TrackId>* tracks_;
  std::int64_t origin_;
  bool keep_args_;
  TraceSink* sink_;
  std::map<TrackId, SpanBatch> batches_;
};

/// The stream whose row comes next: earliest start, of equal starts the longest.
Stream* earliest(std::vector<Stream>& streams) {
  Stream* first = nullptr;
  for (auto& stream : streams) {
    if (!stream.more) continue;
    if (first == nullptr || stream.rows.start() < first->rows.start() ||
        (stream.rows.start() == first->rows.start() && stream.rows.end() > first->rows.end()))
      first = &stream;
  }
  return first;
}

}  // namespace

Strings::Strings(const Database& database) {
  const TableShape* table = database.table("StringIds");
  if (table == nullptr) return;
  Rows rows = database.rows(*table);
  const int id = rows.column("id"), value = rows.column("value");
  while (rows.next())
    if (const auto number = rows.integer(id)) texts_.emplace(*number, rows.text(value));
}

const std::string* Strings::text(std::int64_t id) const {
  const auto it = texts_.find(id);
  return it == texts_.end() ? nullptr : &it->second;
}

Survey survey_events(const Database& database) {
  Survey survey;
  EventCounts counts;
  for (const auto& source : kSources) {
    const TableShape* table = database.table(source.table);
    if (table == nullptr) continue;
    EventRows rows(database, source, *table, "");
    Lane last;
    bool first = true;
    while (rows.next(counts)) {
      survey.first_start = std::min(survey.first_start.value_or(rows.start()), rows.start());
      if (source.source == Source::Kernel)
        survey.contexts.insert({rows.lane().process, rows.lane().device, rows.context()});
      if (first || rows.lane() != last) survey.lanes.insert(rows.lane());
      last = rows.lane();
      first = false;
    }
    database.progress().report(0.1, "looking through the tables");
  }
  survey.rows = counts.rows;
  return survey;
}

EventCounts append_events(const Database& database, const Strings& strings,
                          const std::map<Lane, TrackId>& tracks, std::int64_t origin,
                          std::uint64_t expected_rows, const ImportOptions& options,
                          TraceSink& sink) {
  constexpr std::uint64_t kRowsBetweenReports = 50000;
  const auto domains = nvtx_domains(database, strings);
  EventCounts counts;
  std::vector<Stream> streams;
  for (const auto& source : kSources) {
    const TableShape* table = database.table(source.table);
    if (table == nullptr || !table->has("start") || !table->has("end")) continue;
    EventRows rows(database, source, *table, "\"start\",\"end\" DESC");
    Describer describer(rows.rows(), source.source, strings, domains, sink);
    streams.push_back({std::move(rows), std::move(describer), false});
    streams.back().more = streams.back().rows.next(counts);
  }
  TrackBatches batches(tracks, origin, options.keep_args, sink);
  std::uint64_t done = 0;
  while (Stream* stream = earliest(streams)) {
    batches.add(*stream);
    counts.whole_graphs += stream->rows.source() == Source::Graph ? 1 : 0;
    counts.open_ranges += stream->rows.is_open() ? 1 : 0;
    if (++done % kRowsBetweenReports == 0)
      database.progress().report(
          0.1 + 0.8 * static_cast<double>(done) / static_cast<double>(expected_rows + 1),
          "reading events");
    stream->more = stream->rows.next(counts);
  }
  batches.finish();
  return counts;
}

}  // namespace moescope::nsys
