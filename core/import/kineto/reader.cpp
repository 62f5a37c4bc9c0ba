#include "core/import/kineto/reader.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "core/import/kineto/blocks.h"
#include "core/import/kineto/json_repair.h"
#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/top_level.h"
#include "core/parallel.h"

namespace moescope::kineto {
namespace {

/// Unfinished text longer than this cannot be one event.
constexpr std::size_t kMaxCarry = std::size_t{64} << 20;
constexpr std::size_t kEventsPerCancelCheck = 256;
/// Places tried as the end of a broken last event.
constexpr int kMaxRepairs = 16;

/// Reads well-formed events from the start of `text` until its end, the end of the array or
/// something that is no well-formed event; returns how far it came.
std::size_t read_well_formed(std::string_view text, Collector& collector, EventTokens& tokens,
                             BlockEvents& into, const Progress& progress) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  for (std::size_t n = 0;; ++n) {
    if (n % kEventsPerCancelCheck == 0) progress.check();
    while (p < end && (is_space(*p) || *p == ',')) ++p;
    if (p == end || *p != '{') break;
    const char* next = scan_event(p, end, tokens, collector.keep_args());
    if (!next) break;
    collector.add(tokens, into);
    p = next;
  }
  return static_cast<std::size_t>(p - begin);
}

/// A block with what its worker made of it.
struct Finished {
  Block block;
  BlockEvents events;
  std::size_t read = 0;  ///< how far the events go
};

/// Takes finished blocks in order and walks the text between them where the guess was wrong.
class Acceptor {
 public:
  Acceptor(FileEvents& file, SpareBlocks& spares, bool keep_args, const Progress& progress)
      : file_(file), spares_(spares), progress_(progress), keep_args_(keep_args) {}

  /// Adds a block in any order; works off all that are due.
  void submit(Finished finished) {
    std::lock_guard lock(mutex_);
    const std::size_t index = finished.block.index;
    pending_.emplace(index, std::move(finished));
    while (!pending_.empty() && pending_.begin()->first == next_) {
      accept(pending_.begin()->second);
      spares_.give(std::move(pending_.begin()->second.block));
      pending_.erase(pending_.begin());
      ++next_;
    }
  }

  void finish() {
    walk("", true);
    flush();
    if (!top_level_.complete())
      file_.warnings.emplace_back("the file is cut off; what came before the cut was read");
    if (repaired_ > 0)
      file_.warnings.push_back(std::to_string(repaired_) +
                               " events had unescaped quotes or control characters in their texts "
                               "and were repaired");
    file_.values = top_level_.values();
  }

 private:
  void accept(Finished& finished) {
    const std::string_view text = finished.block.text();
    if (in_events_ && carry_.empty()) {
      file_.blocks.push_back(std::move(finished.events));
      if (finished.read < text.size()) walk(text.substr(finished.read), false);
    } else {
      walk(text, false);
    }
  }

  /// Goes through text that directly follows what was walked or accepted before.
  void walk(std::string_view text, bool last) {
    const bool joined = !carry_.empty();
    if (joined) carry_ += text;
    const std::string whole = joined ? std::exchange(carry_, {}) : std::string();
    std::string_view rest = joined ? std::string_view(whole) : text;
    while (!rest.empty() || last) {
      progress_.check();
      const std::size_t used = in_events_ ? walk_events(rest, last) : walk_top_level(rest);
      rest.remove_prefix(used);
      if (used == 0 || rest.empty()) break;
    }
    if (last) return;
    if (rest.size() > kMaxCarry) {
      ++current_.skipped["event over 64 MiB"];
      rest = {};
    }
    carry_ = rest;
    flush();
  }

  std::size_t walk_top_level(std::string_view text) {
    std::size_t used = 0;
    const auto found = top_level_.feed(text, used);
    if (found == TopLevelScanner::Found::Events) {
      in_events_ = true;
      file_.found_events = true;
    } else if (found != TopLevelScanner::Found::NeedMore) {
      return text.size();  // nothing after the outermost value is read
    }
    return used;
  }

  /// One step in the array of events; 0 when more text is needed.
  std::size_t walk_events(std::string_view text, bool last) {
    if (!collector_) {
      collector_ = std::make_unique<Collector>(file_.workers.size(), keep_args_);
      current_.worker = file_.workers.size();
    }
    if (text.empty()) return 0;
    const std::size_t used = read_well_formed(text, *collector_, tokens_, current_, progress_);
    if (used > 0) return used;
    if (text[0] == ']') {
      in_events_ = false;
      return 1;
    }
    if (text[0] == '{') return broken_event(text, last);
    if (is_space(text[0]) || text[0] == ',') return 1;
    return skip_garbage(text, last);
  }

  /// One event that is not well-formed (or is cut by the end of the text).
  std::size_t broken_event(std::string_view text, bool last) {
    if (!last && is_object_prefix(text)) return 0;
    const std::size_t end = find_event_start(text, 1);
    if (end == text.npos) {
      if (!last) return 0;
      if (const auto used = last_event(text)) return used;
      ++current_.skipped["cut off at the end of the file"];
      return text.size();
    }
    if (!read_repaired(event_text(text.substr(0, end)))) ++current_.skipped["broken JSON"];
    return end;
  }

  /// The broken event is the last one: it may end before the end of the array.
  std::size_t last_event(std::string_view text) {
    int attempts = 0;
    for (std::size_t at = text.find('}'); at != text.npos && attempts < kMaxRepairs;
         at = text.find('}', at + 1)) {
      std::size_t next = at + 1;
      while (next < text.size() && is_space(text[next])) ++next;
      if (next < text.size() && text[next] != ']') continue;
      ++attempts;
      if (read_repaired(text.substr(0, at + 1))) return at + 1;
    }
    return 0;
  }

  /// `text` without the comma behind the event.
  static std::string_view event_text(std::string_view text) {
    while (!text.empty() && (is_space(text.back()) || text.back() == ',')) text.remove_suffix(1);
    return text;
  }

  bool read_repaired(std::string_view text) {
    if (read_strictly(text)) return true;
    const auto repaired = repair_object(text);
    if (!repaired || !read_strictly(*repaired)) return false;
    ++repaired_;
    return true;
  }
  bool read_strictly(std::string_view text) {
    const char* end = text.data() + text.size();
    if (scan_event(text.data(), end, tokens_, keep_args_) != end) return false;
    collector_->add(tokens_, current_);
    return true;
  }

  std::size_t skip_garbage(std::string_view text, bool last) {
    const std::size_t event = text.find('{');
    const std::size_t close = text.find(']');
    const std::size_t next = std::min(event, close);
    if (next == text.npos && !last) return 0;
    ++current_.skipped["text between events"];
    return std::min(next, text.size());
  }

  /// Keeps what the walk found in its place among the blocks.
  void flush() {
    if (!collector_) return;
    if (current_.events > 0 || !current_.skipped.empty()) {
      const std::size_t worker = current_.worker;
      file_.blocks.push_back(std::move(current_));
      current_ = {};
      current_.worker = worker;
    }
  }

 public:
  std::unique_ptr<Collector> take_collector() { return std::move(collector_); }

 private:
  FileEvents& file_;
  SpareBlocks& spares_;
  const Progress& progress_;
  const bool keep_args_;
  std::mutex mutex_;
  std::map<std::size_t, Finished> pending_;
  std::size_t next_ = 0;
  bool in_events_ = false;
  std::string carry_;  ///< text that was walked but is not complete yet
  TopLevelScanner top_level_;
  std::unique_ptr<Collector> collector_;
  BlockEvents current_;
  EventTokens tokens_;
  std::uint64_t repaired_ = 0;
};

}  // namespace

FileEvents read_events(const std::filesystem::path& path, const ImportOptions& options,
                       Progress& progress, const ReadOptions& how) {
  const auto source = open_byte_source(path);
  FileEvents file;
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  for (int i = 0; i < threads; ++i)
    file.workers.push_back(
        std::make_unique<Collector>(static_cast<std::size_t>(i), options.keep_args));

  SpareBlocks spares(how.block_bytes);
  BlockCutter cutter(*source, spares);
  Acceptor acceptor(file, spares, options.keep_args, progress);
  std::mutex source_mutex;
  std::atomic<bool> failed{false};
  const auto reporter = std::this_thread::get_id();
  const auto work = [&](std::size_t worker) {
    Collector& collector = *file.workers[worker];
    EventTokens tokens;
    std::size_t records = 0;  // of the block before
    while (!failed) {
      Finished finished;
      double fraction;
      {
        std::lock_guard lock(source_mutex);
        if (!cutter.next(finished.block)) break;
        fraction = source->fraction();
      }
      if (std::this_thread::get_id() == reporter) progress.report(fraction, "reading events");
      finished.events.worker = worker;
      finished.events.records.reserve(records + records / 8);
      const std::string_view text = finished.block.text();
      // The first block begins outside the events.
      if (!how.tolerant_only && finished.block.index > 0)
        finished.read = read_well_formed(text, collector, tokens, finished.events, progress);
      records = finished.events.records.size();
      acceptor.submit(std::move(finished));
    }
  };
  parallel_for(
      static_cast<std::size_t>(threads),
      [&](std::size_t worker) {
        try {
          work(worker);
        } catch (...) {
          failed = true;
          throw;
        }
      },
      threads);
  acceptor.finish();
  if (auto collector = acceptor.take_collector()) file.workers.push_back(std::move(collector));
  for (auto& warning : source->warnings()) file.warnings.push_back(std::move(warning));
  return file;
}

}  // namespace moescope::kineto
