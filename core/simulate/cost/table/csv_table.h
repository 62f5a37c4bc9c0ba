// A CSV file with a header, whose fields are taken by the name of their column.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

class CsvTable {
 public:
  struct Row {
    std::size_t line = 0;  ///< in the file, from 1
    std::string text;      ///< as it stands there, without its end
    std::vector<std::string> fields;
  };

  /// Reads comma-separated fields, quoted ones too (RFC 4180, but no line ends inside a field);
  /// empty lines are skipped. Throws Error when the file cannot be read, a line has another number
  /// of fields than the header, or a column is there twice.
  static CsvTable read(const std::filesystem::path& path);
  /// The same from text. @param source name for errors
  static CsvTable parse(std::string_view text, const std::string& source);

  const std::string& source() const { return source_; }
  const std::string& header() const { return header_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<Row>& rows() const { return rows_; }
  bool has(std::string_view column) const;

  /// The field of a column that exists; empty where the table has no such column.
  std::string_view text(const Row& row, std::string_view column) const;
  /// A number within [least, most]. Throws Error with file, line and column.
  double number(const Row& row, std::string_view column, double least, double most) const;
  /// A whole number within [least, most].
  int whole(const Row& row, std::string_view column, int least, int most) const;
  [[noreturn]] void fail(const Row& row, std::string_view column, const std::string& problem) const;

 private:
  std::string source_, header_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace moescope
