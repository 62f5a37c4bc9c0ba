// Fuzzer bytes as a SQLite file: a raw image, or edits of a good file that leave it a database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

struct sqlite3;

namespace moescope::fuzz {

/// Random bytes hardly ever pass SQLite's own checks, so most inputs are read as a list of edits
/// (values, rows, whole tables, bytes inside compressed blocks) of a good file. An input that
/// begins as a SQLite file is taken as it is.
class SqliteInput {
 public:
  explicit SqliteInput(std::string good_image);
  ~SqliteInput();
  SqliteInput(const SqliteInput&) = delete;
  SqliteInput& operator=(const SqliteInput&) = delete;

  /// Writes the file that `data` stands for and returns its path; the next call replaces it.
  std::filesystem::path write(const std::uint8_t* data, std::size_t size) const;

 private:
  std::string edited(const std::uint8_t* data, std::size_t size) const;

  std::string good_;
  std::vector<std::pair<std::string, std::vector<std::string>>> tables_;  ///< name, columns
  std::filesystem::path path_;
};

/// Imports the file that `data` stands for and runs every analysis; an Error is a fine answer.
void import_input(const SqliteInput& input, const char* importer, const std::uint8_t* data,
                  std::size_t size);

/// Bytes of a database that `sql` makes.
std::string image_of(const std::string& sql);
/// Bytes of a file; throws std::runtime_error.
std::string read_bytes(const std::filesystem::path& path);

}  // namespace moescope::fuzz
