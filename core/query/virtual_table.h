// What virtual tables share: passing values and turning exceptions into SQLite errors.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "core/query/sqlite_api.h"

namespace moescope {

inline void result(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
}
inline void result(sqlite3_context* context, std::int64_t value) {
  sqlite3_result_int64(context, value);
}

/// Runs `body`; an exception becomes the table's error message.
template <typename Body>
int guarded(sqlite3_vtab* table, Body body) {
  try {
    body();
    return SQLITE_OK;
  } catch (const std::exception& error) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

}  // namespace moescope
