#include "core/trace/file/moetrace_loads.h"

#include "core/error.h"
#include "core/trace/file/moetrace_codec.h"
#include "core/trace/file/moetrace_schema.h"

namespace moescope {
namespace {

constexpr std::int64_t kMaxLayer = 1 << 20;
constexpr std::int64_t kMaxRank = 1 << 20;
constexpr std::size_t kMaxCounts = 1 << 20;

std::string encode(const std::vector<std::uint32_t>& counts) {
  std::string bytes;
  for (const std::uint32_t count : counts)
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(count >> shift);
  return bytes;
}

std::vector<std::uint32_t> decode(std::string_view bytes, const std::string& file) {
  if (bytes.size() % 4 != 0 || bytes.size() / 4 > kMaxCounts)
    throw Error(file, "table loads, column counts", "is damaged: not a list of 32-bit numbers");
  std::vector<std::uint32_t> counts(bytes.size() / 4);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    counts[i / 4] |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) << (i % 4 * 8);
  return counts;
}

}  // namespace

std::vector<LoadRow> read_load_rows(const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(
      *database, "SELECT begin_ns, end_ns, layer, space, rank, counts FROM loads ORDER BY id");
  std::vector<LoadRow> result;
  while (rows.step()) {
    LoadRow row;
    row.begin = rows.integer(0, -codec::kMaxTime, codec::kMaxTime);
    row.end = rows.integer(1, row.begin, codec::kMaxTime);
    row.layer = static_cast<int>(rows.integer(2, 0, kMaxLayer));
    row.space = rows.text(3);
    if (!rows.is_null(4)) row.rank = static_cast<int>(rows.integer(4, 0, kMaxRank));
    row.counts = decode(rows.blob(5), path.string());
    result.push_back(std::move(row));
  }
  return result;
}

std::vector<PlanRow> read_plans(const std::filesystem::path& path) {
  const auto database = schema::open_for_reading(path);
  sqlite::Statement rows(*database, "SELECT time, name, json FROM plans ORDER BY time, id");
  std::vector<PlanRow> result;
  while (rows.step())
    result.push_back({rows.integer(0, -codec::kMaxTime, codec::kMaxTime), std::string(rows.text(1)),
                      std::string(rows.text(2))});
  return result;
}

namespace tables {

void write_loads(sqlite::Database& database, const LoadRow& row) {
  sqlite::Statement insert(
      database,
      "INSERT INTO loads(begin_ns, end_ns, layer, space, rank, counts) VALUES(?, ?, ?, ?, ?, ?)");
  const std::string counts = encode(row.counts);
  insert.bind(0, row.begin)
      .bind(1, row.end)
      .bind(2, std::int64_t{row.layer})
      .bind(3, std::string_view(row.space))
      .bind_blob(5, counts);
  if (row.rank) insert.bind(4, std::int64_t{*row.rank});
  insert.run();
}

void write_plan(sqlite::Database& database, const PlanRow& row) {
  sqlite::Statement insert(database, "INSERT INTO plans(time, name, json) VALUES(?, ?, ?)");
  insert.bind(0, row.time).bind(1, std::string_view(row.name)).bind(2, std::string_view(row.json));
  insert.run();
}

}  // namespace tables
}  // namespace moescope
