#include "core/trace/chunk.h"

#include <zstd.h>

#include <cstring>

#include "core/error.h"
#include "core/trace/zstd_frame.h"

namespace moescope {

void SpanColumns::reserve(std::size_t n) {
  start.reserve(n);
  duration.reserve(n);
  name.reserve(n);
  correlation.reserve(n);
  launch.reserve(n);
  kind.reserve(n);
  depth.reserve(n);
}

void SpanColumns::push_back(const Span& span) {
  start.push_back(span.start);
  duration.push_back(span.duration);
  name.push_back(span.name);
  correlation.push_back(span.correlation);
  launch.push_back(span.launch);
  kind.push_back(span.kind);
  depth.push_back(span.depth);
}

Span SpanColumns::at(std::size_t row) const {
  return {start.at(row),  duration.at(row), name.at(row), correlation.at(row),
          launch.at(row), kind.at(row),     depth.at(row)};
}

namespace {

constexpr int kArgsCompressionLevel = 1;
constexpr std::size_t kMaxArgsBytes = std::size_t{1} << 30;

/// Thrown inside; the block knows where it came from.
struct Damaged {
  const char* what;
};
Damaged damaged(const char* what) {
  return {what};
}

Error error_of(const Damaged& problem, const std::string& origin) {
  const char* what = problem.what;
  return Error(origin, "arguments block", std::string("damaged: ") + what,
               "The file was cut or changed after it was written");
}

/// Decompressed form: u32 rows with kLengths set, the length of each row as a varint, text. Files
/// before schema 3 have u32 rows, u32 offsets[rows + 1], text. One long text compresses well, and
/// lengths repeat where offsets do not.
constexpr std::uint32_t kLengths = 0x80000000U;

std::string decompress(const std::string& bytes) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxArgsBytes)
    throw damaged("no valid zstd frame");
  std::string raw(size, '\0');
  const auto n = ZSTD_decompress(raw.data(), raw.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(n) || n != raw.size()) throw damaged("zstd data does not decode");
  return raw;
}

std::uint32_t read_u32(const std::string& raw, std::size_t index) {
  std::uint32_t value;
  std::memcpy(&value, raw.data() + index * sizeof value, sizeof value);
  return value;
}

void put_varint(std::string& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// The rows of a decompressed block as pieces of it; throws unless they fit the text exactly as it
/// is.
class Rows {
 public:
  explicit Rows(std::string raw) : raw_(std::move(raw)) {
    if (raw_.size() < sizeof(std::uint32_t)) throw damaged("too short");
    const std::uint32_t first = read_u32(raw_, 0);
    if ((first & kLengths) != 0)
      read_lengths(first & ~kLengths);
    else
      read_offsets(first);
  }
  std::size_t size() const { return ends_.size(); }
  std::string text(std::size_t row) const {
    const std::size_t begin = row == 0 ? begin_ : ends_[row - 1];
    return raw_.substr(begin, ends_[row] - begin);
  }

 private:
  void read_lengths(std::uint32_t rows) {
    std::size_t at = sizeof rows;
    if (rows > raw_.size() - at) throw damaged("row count too large");
    std::vector<std::uint32_t> lengths(rows);
    for (auto& length : lengths) length = varint(at);
    begin_ = at;
    ends_.reserve(rows);
    for (const auto length : lengths) {
      if (length > raw_.size() - at) throw damaged("lengths go beyond the text");
      ends_.push_back(at += length);
    }
  }

  std::uint32_t varint(std::size_t& at) const {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (at == raw_.size()) throw damaged("ends inside a length");
      const auto byte = static_cast<std::uint8_t>(raw_[at++]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80 && value <= 0xFFFFFFFF) return static_cast<std::uint32_t>(value);
    }
    throw damaged("a length is not a number");
  }

  void read_offsets(std::uint64_t rows) {
    if ((rows + 2) * sizeof(std::uint32_t) > raw_.size()) throw damaged("row count too large");
    begin_ = (rows + 2) * sizeof(std::uint32_t);
    if (read_u32(raw_, 1) != 0) throw damaged("offsets outside the text");
    std::uint32_t before = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint32_t end = read_u32(raw_, 2 + row);
      if (end < before || begin_ + end > raw_.size()) throw damaged("offsets outside the text");
      ends_.push_back(begin_ + end);
      before = end;
    }
  }

  std::string raw_;
  std::size_t begin_ = 0;          ///< of the first row
  std::vector<std::size_t> ends_;  ///< of each row
};

}  // namespace

ArgsBlock ArgsBlock::compress(std::string_view text, const std::vector<std::uint32_t>& offsets) {
  if (text.empty() || offsets.size() < 2) return {};
  const auto rows = static_cast<std::uint32_t>(offsets.size() - 1) | kLengths;
  std::string raw(sizeof rows, '\0');
  raw.reserve(sizeof rows + 3 * offsets.size() + text.size());
  std::memcpy(raw.data(), &rows, sizeof rows);
  for (std::size_t i = 1; i < offsets.size(); ++i) put_varint(raw, offsets[i] - offsets[i - 1]);
  raw += text;
  if (raw.size() > kMaxArgsBytes)
    throw Error("", "", "the arguments of one chunk are longer than 1 GiB");
  std::string bytes = zstd_frame(raw, kArgsCompressionLevel);
  bytes.shrink_to_fit();
  return ArgsBlock(std::move(bytes));
}

std::string ArgsBlock::row(std::size_t row) const {
  if (empty()) return {};
  try {
    const Rows rows(decompress(bytes_));
    if (row >= rows.size()) throw damaged("fewer rows than spans");
    return rows.text(row);
  } catch (const Damaged& problem) {
    throw error_of(problem, origin_);
  }
}

std::vector<std::string> ArgsBlock::rows() const {
  std::vector<std::string> result;
  if (empty()) return result;
  try {
    const Rows rows(decompress(bytes_));
    result.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) result.push_back(rows.text(i));
  } catch (const Damaged& problem) {
    throw error_of(problem, origin_);
  }
  return result;
}

SpanChunk::SpanChunk(SpanColumns columns, ArgsBlock args)
    : columns_(std::move(columns)), args_(std::move(args)) {}

SpanChunk::SpanChunk(SpanColumns columns, std::function<ArgsBlock()> load_args)
    : columns_(std::move(columns)), load_args_(std::move(load_args)) {}

const ArgsBlock& SpanChunk::args() const {
  if (load_args_) std::call_once(args_once_, [&] { args_ = load_args_(); });
  return args_;
}

std::size_t SpanChunk::memory_bytes() const {
  const auto& c = columns_;
  return c.start.capacity() * sizeof(TimeNs) + c.duration.capacity() * sizeof(TimeNs) +
         c.name.capacity() * sizeof(StringId) + c.correlation.capacity() * sizeof(std::uint32_t) +
         c.launch.capacity() * sizeof(LaunchId) + c.kind.capacity() + c.depth.capacity() +
         args_.compressed().capacity();
}

ChunkInfo describe_chunk(const SpanColumns& columns, const ChunkInfo* previous) {
  ChunkInfo info;
  info.count = static_cast<std::uint32_t>(columns.size());
  info.first_start = columns.start.front();
  info.last_start = columns.start.back();
  info.last_end = info.first_start;
  for (std::size_t i = 0; i < columns.size(); ++i)
    info.last_end = std::max(info.last_end, columns.start[i] + columns.duration[i]);
  return place_chunk(info, previous);
}

ChunkInfo place_chunk(ChunkInfo info, const ChunkInfo* previous) {
  info.max_end_so_far =
      previous ? std::max(previous->max_end_so_far, info.last_end) : info.last_end;
  info.first_index = previous ? previous->first_index + previous->count : 0;
  return info;
}

}  // namespace moescope
