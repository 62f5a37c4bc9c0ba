// Small synthetic Nsight Systems exports for tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace moescope::test {

/// Writes a SQLite database from statements. Throws std::runtime_error when one fails.
void write_database(const std::filesystem::path& path, const std::vector<std::string>& statements);

/// globalPid and globalTid as Nsight packs them.
constexpr long long global_pid(long long pid) {
  return (1LL << 48) | (pid << 24);
}
constexpr long long global_tid(long long pid, long long tid) {
  return global_pid(pid) | tid;
}

/// Statements for StringIds and a kernel table with the columns of schema 3.
std::vector<std::string> nsys_base(const std::vector<std::string>& names);

/// One row for the kernel table of nsys_base(): `name` is an index into its names.
struct KernelRow {
  long long start, end, pid, device, stream, correlation;
  int name = 0;
  int grid = 1;
  int context = 1;
};
std::string insert_kernel(const KernelRow& row);

}  // namespace moescope::test
