#include "core/trace/file/moetrace_codec.h"

#include <zstd.h>

#include <bit>
#include <limits>
#include <numeric>

#include "core/trace/zstd_frame.h"

namespace moescope::codec {
namespace {

constexpr int kLevel = 3;
constexpr std::size_t kMaxRawBytes = std::size_t{1} << 28;
/// Longest varint of one value.
constexpr std::size_t kMaxVarint = 10;

std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

class Writer {
 public:
  explicit Writer(std::size_t rows) {
    raw_.reserve(rows * 16 + 64);
    put(rows);
  }
  void put(std::uint64_t v) {
    while (v >= 0x80) {
      raw_.push_back(static_cast<char>(v | 0x80));
      v >>= 7;
    }
    raw_.push_back(static_cast<char>(v));
  }
  void put_signed(std::int64_t v) { put(zigzag(v)); }
  void put_byte(std::uint8_t v) { raw_.push_back(static_cast<char>(v)); }

  /// Differences of neighbours, divided by their greatest common divisor: traces in whole
  /// microseconds take a byte less a value.
  template <typename Get>
  void put_deltas(std::size_t rows, Get get) {
    std::uint64_t scale = 0;
    std::int64_t before = 0;
    for (std::size_t i = 0; i < rows && scale != 1; ++i) {
      const std::int64_t now = get(i);
      scale = std::gcd(scale, magnitude(now - before));
      before = now;
    }
    put(scale == 0 ? scale = 1 : scale);
    before = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::int64_t now = get(i);
      put_signed((now - before) / static_cast<std::int64_t>(scale));
      before = now;
    }
  }
  /// Plain values, scaled the same way.
  template <typename Get>
  void put_scaled(std::size_t rows, Get get) {
    std::uint64_t scale = 0;
    for (std::size_t i = 0; i < rows && scale != 1; ++i) scale = std::gcd(scale, magnitude(get(i)));
    put(scale == 0 ? scale = 1 : scale);
    for (std::size_t i = 0; i < rows; ++i)
      put_signed(static_cast<std::int64_t>(get(i)) / static_cast<std::int64_t>(scale));
  }

  std::string finish() const { return zstd_frame(raw_, kLevel); }

 private:
  static std::uint64_t magnitude(std::int64_t v) {
    return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  }
  std::string raw_;
};

class Reader {
 public:
  /// Decompresses; the least a row can take bounds the row count before anything is allocated.
  Reader(std::string_view bytes, std::size_t least_bytes_per_row) {
    const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxRawBytes)
      throw Damaged{"no valid zstd frame"};
    raw_.resize(size);
    const auto n = ZSTD_decompress(raw_.data(), raw_.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(n)) throw Damaged{std::string("zstd: ") + ZSTD_getErrorName(n)};
    if (n != raw_.size()) throw Damaged{"zstd frame is shorter than it says"};
    const std::uint64_t rows = get();
    if (rows > kMaxRows || rows * least_bytes_per_row > raw_.size())
      throw Damaged{"row count " + std::to_string(rows) + " does not fit the block"};
    rows_ = static_cast<std::uint32_t>(rows);
  }
  std::uint32_t rows() const { return rows_; }

  std::uint64_t get() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxVarint; ++i) {
      if (at_ == raw_.size()) throw Damaged{"block ends inside a value"};
      const auto byte = static_cast<std::uint8_t>(raw_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw Damaged{"number is longer than 64 bits"};
  }
  std::uint64_t get_below(std::uint64_t limit, const char* what) {
    const std::uint64_t value = get();
    if (value >= limit)
      throw Damaged{std::string(what) + " " + std::to_string(value) + " is not below " +
                    std::to_string(limit)};
    return value;
  }
  std::uint8_t get_byte() {
    if (at_ == raw_.size()) throw Damaged{"block ends inside a column"};
    return static_cast<std::uint8_t>(raw_[at_++]);
  }
  /// Scaled values, each handed to `set(row, value)`; |value| <= kMaxTime.
  template <typename Set>
  void get_scaled(bool deltas, Set set) {
    const auto scale = static_cast<std::int64_t>(get_below(kMaxTime, "scale"));
    std::int64_t before = 0;
    for (std::uint32_t row = 0; row < rows_; ++row) {
      std::int64_t value = 0;
      if (__builtin_mul_overflow(unzigzag(get()), scale, &value) ||
          __builtin_add_overflow(value, before, &value) || value > kMaxTime || value < -kMaxTime)
        throw Damaged{"value out of range in row " + std::to_string(row)};
      set(row, value);
      if (deltas) before = value;
    }
  }
  void finish() const {
    if (at_ != raw_.size()) throw Damaged{"bytes left over after the last column"};
  }

 private:
  std::string raw_;
  std::size_t at_ = 0;
  std::uint32_t rows_ = 0;
};

std::uint32_t to_u32(std::int64_t value, const char* what) {
  if (value < 0 || value > std::numeric_limits<std::uint32_t>::max())
    throw Damaged{std::string(what) + " out of range"};
  return static_cast<std::uint32_t>(value);
}
TimeNs to_length(std::int64_t value, const char* what) {
  if (value < 0) throw Damaged{std::string(what) + " is negative"};
  return value;
}

void truncate(SpanColumns& c, std::uint32_t rows) {
  c.start.resize(rows);
  c.duration.resize(rows);
  c.name.resize(rows);
  c.correlation.resize(rows);
  c.launch.resize(rows);
  c.kind.resize(rows);
  c.depth.resize(rows);
}

void check_rows(const SpanColumns& c, const IdBounds& bounds) {
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (c.name[i] >= bounds.strings) throw Damaged{"name id without a string"};
    if (c.launch[i] >= bounds.launches) throw Damaged{"launch id without a launch"};
    if (i > 0 && c.start[i] < c.start[i - 1]) throw Damaged{"spans are not in order of start"};
  }
}

}  // namespace

std::string encode_columns(const SpanColumns& c) {
  const std::size_t n = c.size();
  Writer w(n);
  w.put_deltas(n, [&](std::size_t i) { return c.start[i]; });
  w.put_scaled(n, [&](std::size_t i) { return c.duration[i]; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{c.name[i]}; });
  w.put_deltas(n, [&](std::size_t i) { return std::int64_t{c.correlation[i]}; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{c.launch[i]}; });
  for (const auto kind : c.kind) w.put_byte(static_cast<std::uint8_t>(kind));
  for (const auto depth : c.depth) w.put_byte(depth);
  return w.finish();
}

SpanColumns decode_columns(std::string_view bytes, std::uint32_t rows, const IdBounds& bounds) {
  Reader r(bytes, 7);
  if (r.rows() < rows)
    throw Damaged{"holds " + std::to_string(r.rows()) + " spans, expected " + std::to_string(rows)};
  SpanColumns c;
  truncate(c, r.rows());
  r.get_scaled(true, [&](std::uint32_t i, std::int64_t v) { c.start[i] = v; });
  r.get_scaled(false,
               [&](std::uint32_t i, std::int64_t v) { c.duration[i] = to_length(v, "duration"); });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) { c.name[i] = to_u32(v, "name id"); });
  r.get_scaled(
      true, [&](std::uint32_t i, std::int64_t v) { c.correlation[i] = to_u32(v, "correlation"); });
  r.get_scaled(false,
               [&](std::uint32_t i, std::int64_t v) { c.launch[i] = to_u32(v, "launch id"); });
  for (auto& kind : c.kind) {
    const auto value = r.get_byte();
    if (value >= kSpanKindCount) throw Damaged{"unknown kind " + std::to_string(value)};
    kind = static_cast<SpanKind>(value);
  }
  for (auto& depth : c.depth) depth = r.get_byte();
  r.finish();
  if (r.rows() != rows) truncate(c, rows);
  check_rows(c, bounds);
  return c;
}

std::string encode_buckets(const SummaryBucket* b, std::size_t n) {
  Writer w(n);
  w.put_deltas(n, [&](std::size_t i) { return std::int64_t{b[i].index}; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{b[i].count}; });
  w.put_scaled(n, [&](std::size_t i) { return b[i].busy; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{b[i].longest}; });
  // The longest span covers most of a lightly filled bucket: the rest is a small number.
  w.put_scaled(n, [&](std::size_t i) { return b[i].busy - b[i].longest_ns; });
  for (std::size_t i = 0; i < n; ++i) w.put_byte(static_cast<std::uint8_t>(b[i].kind));
  return w.finish();
}

std::vector<SummaryBucket> decode_buckets(std::string_view bytes, std::uint8_t shift,
                                          const IdBounds& bounds) {
  Reader r(bytes, 6);
  std::vector<SummaryBucket> b(r.rows());
  r.get_scaled(true,
               [&](std::uint32_t i, std::int64_t v) { b[i].index = to_u32(v, "bucket number"); });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) { b[i].count = to_u32(v, "count"); });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) { b[i].busy = to_length(v, "busy"); });
  r.get_scaled(false,
               [&](std::uint32_t i, std::int64_t v) { b[i].longest = to_u32(v, "name id"); });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) {
    b[i].longest_ns = to_length(b[i].busy - to_length(v, "rest"), "longest");
  });
  for (auto& bucket : b) {
    const auto kind = r.get_byte();
    if (kind >= kSpanKindCount) throw Damaged{"unknown kind " + std::to_string(kind)};
    bucket.kind = static_cast<SpanKind>(kind);
  }
  r.finish();
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b[i].longest >= bounds.strings) throw Damaged{"name id without a string"};
    if (b[i].busy > (TimeNs{1} << shift)) throw Damaged{"bucket is busier than it is long"};
    if (i > 0 && b[i].index <= b[i - 1].index) throw Damaged{"buckets are not in order"};
  }
  return b;
}

std::string encode_sm_records(const SmRecord* s, std::size_t n) {
  Writer w(n);
  w.put_deltas(n, [&](std::size_t i) { return s[i].start; });
  w.put_scaled(n, [&](std::size_t i) { return s[i].end - s[i].start; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{s[i].process}; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{s[i].device}; });
  w.put_scaled(n, [&](std::size_t i) { return std::int64_t{s[i].sm}; });
  w.put_deltas(n, [&](std::size_t i) { return std::int64_t{s[i].correlation}; });
  return w.finish();
}

std::vector<SmRecord> decode_sm_records(std::string_view bytes, std::uint64_t processes) {
  Reader r(bytes, 6);
  std::vector<SmRecord> s(r.rows());
  r.get_scaled(true, [&](std::uint32_t i, std::int64_t v) { s[i].start = v; });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) {
    s[i].end = s[i].start + to_length(v, "length");
  });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) {
    s[i].process = to_u32(v, "process");
    if (s[i].process >= processes) throw Damaged{"process id without a process"};
  });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) {
    if (v < -1 || v > std::numeric_limits<int>::max()) throw Damaged{"device out of range"};
    s[i].device = static_cast<int>(v);
  });
  r.get_scaled(false, [&](std::uint32_t i, std::int64_t v) { s[i].sm = to_u32(v, "sm"); });
  r.get_scaled(
      true, [&](std::uint32_t i, std::int64_t v) { s[i].correlation = to_u32(v, "correlation"); });
  r.finish();
  return s;
}

std::string encode_samples(const std::vector<TimeNs>& times, const std::vector<double>& values) {
  Writer w(times.size());
  w.put_deltas(times.size(), [&](std::size_t i) { return times[i]; });
  std::uint64_t before = 0;
  for (const double value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int byte = 7; byte >= 0; --byte)
      w.put_byte(static_cast<std::uint8_t>((bits ^ before) >> (8 * byte)));
    before = bits;
  }
  return w.finish();
}

void decode_samples(std::string_view bytes, std::vector<TimeNs>& times,
                    std::vector<double>& values) {
  Reader r(bytes, 9);
  const std::size_t first = times.size();
  times.resize(first + r.rows());
  values.resize(first + r.rows());
  r.get_scaled(true, [&](std::uint32_t i, std::int64_t v) { times[first + i] = v; });
  std::uint64_t before = 0;
  for (std::uint32_t i = 0; i < r.rows(); ++i) {
    std::uint64_t bits = 0;
    for (int byte = 0; byte < 8; ++byte) bits = bits << 8 | r.get_byte();
    before ^= bits;
    values[first + i] = std::bit_cast<double>(before);
  }
  r.finish();
}

}  // namespace moescope::codec
