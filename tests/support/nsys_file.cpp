#include "tests/support/nsys_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <stdexcept>

namespace moescope::test {

void write_database(const std::filesystem::path& path, const std::vector<std::string>& statements) {
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", nullptr, nullptr, nullptr);
  for (const auto& statement : statements) {
    char* message = nullptr;
    if (sqlite3_exec(db, statement.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
      const std::string problem = statement + ": " + (message != nullptr ? message : "failed");
      sqlite3_free(message);
      sqlite3_close(db);
      throw std::runtime_error(problem);
    }
  }
  sqlite3_close(db);
}

std::vector<std::string> nsys_base(const std::vector<std::string>& names) {
  std::vector<std::string> statements = {
      "CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
      "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER, \"end\" INTEGER, deviceId INTEGER, "
      "contextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER, "
      "demangledName INTEGER, registersPerThread INTEGER, gridX INTEGER, gridY INTEGER, "
      "gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER, staticSharedMemory INTEGER, "
      "dynamicSharedMemory INTEGER, launchType INTEGER)"};
  for (std::size_t i = 0; i < names.size(); ++i)
    statements.push_back(fmt::format("INSERT INTO StringIds VALUES ({}, '{}')", i, names[i]));
  return statements;
}

std::string insert_kernel(const KernelRow& row) {
  return fmt::format(
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES ({}, {}, {}, {}, {}, {}, {}, {}, 32, {}, 1, "
      "1, "
      "128, 1, 1, 16, 1024, 1)",
      row.start, row.end, row.device, row.context, row.stream, row.correlation, global_pid(row.pid),
      row.name, row.grid);
}

}  // namespace moescope::test
