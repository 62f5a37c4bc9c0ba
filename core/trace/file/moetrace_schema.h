// Tables of a .moetrace, their versions, and opening a connection safely.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/trace/file/sqlite.h"

namespace moescope::schema {

/// "MoET": application_id of the SQLite header.
inline constexpr std::int32_t kApplicationId = 0x4D6F4554;

/// Creates all tables of the current version in an empty database.
void create(sqlite::Database& database);

/// Opens a .moetrace for reading. Checks application id, version and that every table has the
/// columns it must have. A file of an older version gets temporary views of the current shape in
/// this connection; the file itself is never changed. Throws Error.
std::unique_ptr<sqlite::Database> open_for_reading(const std::filesystem::path& path);

}  // namespace moescope::schema
