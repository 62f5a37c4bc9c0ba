#include "tests/fuzz/sqlite_input.h"

#include <sqlite3.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "core/error.h"
#include "core/import/importer.h"
#include "tests/fuzz/check_trace.h"

namespace moescope::fuzz {
namespace {

using Handle = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr int kMaxEdits = 32;
constexpr std::size_t kMaxBlock = std::size_t{1} << 20;
constexpr std::array<std::int64_t, 14> kNumbers = {
    0,         1,          -1,         255,       65535,           65536,     INT32_MAX,
    INT32_MIN, 4294967295, 4294967296, 1LL << 61, (1LL << 61) + 1, INT64_MAX, INT64_MIN};

Handle open_image(const std::string& image) {
  sqlite3* raw = nullptr;
  sqlite3_open(":memory:", &raw);
  Handle database(raw, sqlite3_close);
  if (image.empty()) return database;
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
  std::memcpy(copy, image.data(), image.size());
  const auto size = static_cast<sqlite3_int64>(image.size());
  sqlite3_deserialize(raw, "main", copy, size, size,
                      SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
  return database;
}

std::string serialized(sqlite3* database) {
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(database, "main", &size, 0);
  std::string image(reinterpret_cast<char*>(bytes), bytes != nullptr ? std::size_t(size) : 0);
  sqlite3_free(bytes);
  return image;
}

Statement prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(database, sql.c_str(), -1, &raw, nullptr);
  return {raw, sqlite3_finalize};
}

std::string compressed(const std::string& raw) {
  std::string bytes(ZSTD_compressBound(raw.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), raw.data(), raw.size(), 1));
  return bytes;
}

/// Takes numbers and bytes off the input; zeros after its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  std::uint8_t u8() { return empty() ? 0 : data_[at_++]; }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  std::int64_t i64() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | u8();
    return static_cast<std::int64_t>(value);
  }
  std::string text(std::size_t count) {
    count = std::min(count, size_ - std::min(at_, size_));
    std::string result(reinterpret_cast<const char*>(data_ + at_), count);
    at_ += count;
    return result;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

/// The block of a cell with one byte changed under its compression; empty when it is no block.
std::string patched_block(sqlite3* database, const std::string& where, const std::string& column,
                          std::uint16_t at, std::uint8_t value) {
  const auto cell = prepare(database, "SELECT \"" + column + "\"" + where);
  if (!cell || sqlite3_step(cell.get()) != SQLITE_ROW) return {};
  const void* blob = sqlite3_column_blob(cell.get(), 0);
  const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(cell.get(), 0));
  const auto size = ZSTD_getFrameContentSize(blob, bytes);
  if (blob == nullptr || size > kMaxBlock || size == 0) return {};
  std::string raw(size, '\0');
  if (ZSTD_isError(ZSTD_decompress(raw.data(), raw.size(), blob, bytes))) return {};
  raw[at % raw.size()] = static_cast<char>(value);
  return compressed(raw);
}

void bind(sqlite3_stmt* statement, const std::string& bytes, bool text) {
  const int size = static_cast<int>(bytes.size());
  if (text)
    sqlite3_bind_text(statement, 1, bytes.data(), size, SQLITE_TRANSIENT);
  else
    sqlite3_bind_blob(statement, 1, bytes.data(), size, SQLITE_TRANSIENT);
}

/// One edit of `table`; what SQLite refuses changes nothing.
void edit(sqlite3* database, Bytes& bytes, const std::string& table,
          const std::vector<std::string>& columns) {
  const std::string column = columns.at(bytes.u8() % columns.size());
  const std::string where = " FROM \"" + table + "\" WHERE rowid = (SELECT rowid FROM \"" + table +
                            "\" LIMIT 1 OFFSET " + std::to_string(bytes.u8() % 16) + ")";
  const std::uint8_t kind = bytes.u8() % 12;
  const auto run = [&](const std::string& sql) {
    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
  };
  if (kind == 8) return run("DELETE" + where);
  if (kind == 9) return run("INSERT INTO \"" + table + "\" SELECT *" + where);
  if (kind == 10) return run("DROP TABLE \"" + table + "\"");
  if (kind == 11) return run("ALTER TABLE \"" + table + "\" DROP COLUMN \"" + column + "\"");
  const auto update = prepare(database, "UPDATE \"" + table + "\" SET \"" + column + "\" = ?1" +
                                            where.substr(where.find(" WHERE")));
  if (!update) return;
  switch (kind) {
    case 0:
      sqlite3_bind_int64(update.get(), 1, static_cast<std::int8_t>(bytes.u8()));
      break;
    case 1:
      sqlite3_bind_int64(update.get(), 1, bytes.i64());
      break;
    case 2:
      sqlite3_bind_int64(update.get(), 1, kNumbers.at(bytes.u8() % kNumbers.size()));
      break;
    case 3:
      bind(update.get(), bytes.text(bytes.u8()), true);
      break;
    case 4:
      bind(update.get(), bytes.text(bytes.u8()), false);
      break;
    case 5:
      bind(update.get(), compressed(bytes.text(bytes.u16())), false);
      break;
    case 6: {
      const std::uint16_t at = bytes.u16();
      const auto block = patched_block(database, where, column, at, bytes.u8());
      if (block.empty()) return;
      bind(update.get(), block, false);
      break;
    }
    default:
      sqlite3_bind_null(update.get(), 1);
  }
  sqlite3_step(update.get());
}

}  // namespace

SqliteInput::SqliteInput(std::string good_image)
    : good_(std::move(good_image)),
      path_("/dev/shm/moescope-fuzz-" + std::to_string(getpid()) + ".sqlite") {
  const auto database = open_image(good_);
  const auto names = prepare(database.get(), "SELECT name FROM sqlite_master WHERE type = 'table'");
  while (sqlite3_step(names.get()) == SQLITE_ROW)
    tables_.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(names.get(), 0)),
                         std::vector<std::string>());
  for (auto& [table, columns] : tables_) {
    const auto names_of =
        prepare(database.get(), "SELECT name FROM pragma_table_info('" + table + "')");
    while (sqlite3_step(names_of.get()) == SQLITE_ROW)
      columns.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(names_of.get(), 0)));
  }
  if (tables_.empty()) throw std::runtime_error("the good file has no table");
}

SqliteInput::~SqliteInput() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::string SqliteInput::edited(const std::uint8_t* data, std::size_t size) const {
  const auto database = open_image(good_);
  Bytes bytes(data, size);
  for (int i = 0; i < kMaxEdits && !bytes.empty(); ++i) {
    const auto& [table, columns] = tables_.at(bytes.u8() % tables_.size());
    edit(database.get(), bytes, table, columns);
  }
  return serialized(database.get());
}

std::filesystem::path SqliteInput::write(const std::uint8_t* data, std::size_t size) const {
  const std::string_view given(reinterpret_cast<const char*>(data), size);
  const std::string image = given.starts_with(kMagic) ? std::string(given) : edited(data, size);
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file.write(image.data(), static_cast<std::streamsize>(image.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path_.string());
  return path_;
}

std::string image_of(const std::string& sql) {
  const auto database = open_image({});
  char* message = nullptr;
  if (sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK)
    throw std::runtime_error(std::string("seed SQL: ") + message);
  return serialized(database.get());
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

void import_input(const SqliteInput& input, const char* importer, const std::uint8_t* data,
                  std::size_t size) {
  const auto path = input.write(data, size);
  Progress progress;
  TraceBuilder builder;
  try {
    const auto probe = probe_file(path);
    const auto& chosen = *find_importer(importer);
    if (!chosen.recognises(probe)) return;
    chosen.import(probe, builder, {true, 1}, progress);
  } catch (const Error&) {
    return;
  }
  check_trace(*builder.snapshot(), true);
}

}  // namespace moescope::fuzz
