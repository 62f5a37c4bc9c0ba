// The tables that can be asked for, for a schema browser and completion.
#pragma once

#include <string>
#include <vector>

namespace moescope {

struct TableColumn {
  std::string name, type;  ///< type: "INTEGER", "TEXT", "REAL", or "" for any
  std::string note;        ///< what it means, "" when the name says it
};
struct TableDescription {
  std::string name;
  std::vector<TableColumn> columns;
};

/// What trace_tables_schema() declares, in its order.
const std::vector<TableDescription>& trace_table_list();

}  // namespace moescope
