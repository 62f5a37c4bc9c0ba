#include "core/simulate/cost/table/measured_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/parallel.h"
#include "core/simulate/cost/table/row_reader.h"

namespace moescope {
namespace {

struct TableKind {
  const char* name;
  std::vector<const char*> columns;   ///< that must be there
  std::vector<const char*> measured;  ///< that may be: what was measured
  bool versions;                      ///< of the engine have kernels of their own
  MeasuredRow (*read)(const CsvTable&, const CsvTable::Row&);
};

const std::vector<TableKind>& table_kinds() {
  static const std::vector<TableKind> kinds = {
      {"experts",
       {"system", "engine", "version", "phase", "moe_dtype", "hidden_size", "inter_size", "topk",
        "num_experts", "slots", "ep_size", "num_tokens", "rank0_tokens", "distribution"},
       {"latency_us"},
       true,
       read_experts_row},
      {"alltoall",
       {"system", "engine", "version", "library", "phase", "nodes", "ep_size", "hidden_size",
        "topk", "num_experts", "tokens_per_gpu", "sms"},
       {"latency_us", "notify_us"},
       false,
       read_alltoall_row},
      {"attention",
       {"system", "engine", "version", "phase", "kernel", "dtype", "kv_dtype", "heads", "batch",
        "context"},
       {"latency_us"},
       true,
       read_attention_row},
      {"gemm",
       {"system", "engine", "version", "dtype", "m", "n", "k"},
       {"latency_us"},
       true,
       read_gemm_row},
      {"collectives",
       {"system", "nccl", "op", "dtype", "gpus", "bytes_or_elements"},
       {"latency_us"},
       false,
       read_collectives_row},
      {"end_to_end",
       {"backend",
        "model_path",
        "system",
        "precision",
        "mode",
        "isl",
        "osl",
        "gemm_quant_mode",
        "moe_quant_mode",
        "batch_size",
        "tp_size",
        "pp_size",
        "attention_dp_size",
        "moe_tp_size",
        "moe_ep_size",
        "prefill_batch_size",
        "prefill_num_workers",
        "prefill_tp_size",
        "prefill_pp_size",
        "prefill_attention_dp_size",
        "prefill_moe_tp_size",
        "prefill_moe_ep_size",
        "decode_batch_size",
        "decode_num_workers",
        "decode_tp_size",
        "decode_pp_size",
        "decode_attention_dp_size",
        "decode_moe_tp_size",
        "decode_moe_ep_size"},
       {"silicon_ttft_ms", "silicon_tpot_ms"},
       false,
       nullptr}};
  return kinds;
}

bool contains(const std::vector<const char*>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The kind that shares most columns with the file. Throws Error when there is none, or when
/// columns are missing or unknown.
const TableKind& kind_of(const CsvTable& csv) {
  const TableKind* best = nullptr;
  std::ptrdiff_t most = 1;
  for (const auto& kind : table_kinds()) {
    const auto shared = std::count_if(kind.columns.begin(), kind.columns.end(),
                                      [&](const char* name) { return csv.has(name); });
    if (shared > most) most = shared, best = &kind;
  }
  if (best == nullptr)
    throw Error(csv.source(), "line 1",
                "has the columns of no measured table: experts, alltoall, attention, gemm, "
                "collectives or end_to_end",
                "See docs/simulate.md for the columns of each");
  for (const auto& column : csv.columns())
    if (!contains(best->columns, column) && !contains(best->measured, column))
      throw Error(csv.source(), "line 1, column " + column,
                  fmt::format("is not a column of the table \"{}\"", best->name),
                  "Remove the column or correct its name");
  for (const auto* column : best->columns)
    if (!csv.has(column))
      throw Error(csv.source(), fmt::format("line 1, column {}", column),
                  fmt::format("is missing from the table \"{}\"", best->name));
  return *best;
}

void refuse_duplicates(const CsvTable& csv, const TableKind& kind) {
  std::map<std::string, std::size_t> seen;
  for (const auto& row : csv.rows()) {
    std::string key;
    for (const auto* column : kind.columns) key.append(csv.text(row, column)) += '\x1F';
    const auto [first, is_new] = seen.emplace(std::move(key), row.line);
    if (!is_new)
      csv.fail(row, kind.columns.front(),
               fmt::format("is the row of line {} again: all columns from {} to {} are equal",
                           first->second, kind.columns.front(), kind.columns.back()));
  }
}

MeasuredRow read_row(const CsvTable& csv, const TableKind& kind, std::size_t index) {
  const auto& row = csv.rows()[index];
  auto out = kind.read(csv, row);
  out.row = index;
  out.kernel.table = kind.name;
  if (kind.versions) out.kernel.version = csv.text(row, "version");
  out.system = csv.text(row, "system");
  if (out.system.empty()) csv.fail(row, "system", "is empty");
  if (csv.has("latency_us") && !out.measured_us)
    out.measured_us = csv.number(row, "latency_us", 1e-9, 1e12);
  return out;
}

/// What the rows of `csv` mean.
MeasuredTable table_of(CsvTable csv, Progress& progress) {
  MeasuredTable table;
  table.csv = std::move(csv);
  const auto& kind = kind_of(table.csv);
  table.name = kind.name;
  if (table.csv.rows().empty()) throw Error(table.csv.source(), "", "has no rows");
  refuse_duplicates(table.csv, kind);
  if (kind.read == nullptr) return table;
  progress.report(0, "reading " + table.name);
  const auto& rows = table.csv.rows();
  table.rows.resize(rows.size());
  parallel_for(rows.size(), [&](std::size_t i) {
    progress.check();
    table.rows[i] = read_row(table.csv, kind, i);
  });
  return table;
}

}  // namespace

MeasuredTable read_measured_table(const std::filesystem::path& path, Progress& progress) {
  return table_of(CsvTable::read(path), progress);
}

MeasuredTable parse_measured_table(std::string_view text, const std::string& source,
                                   Progress& progress) {
  return table_of(CsvTable::parse(text, source), progress);
}

std::vector<MeasuredTable> read_measured_folder(const std::filesystem::path& folder,
                                                Progress& progress) {
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  if (failed) throw Error(folder.string(), "", "cannot be read as a folder: " + failed.message());
  std::sort(files.begin(), files.end());
  std::vector<MeasuredTable> tables;
  for (const auto& file : files) {
    tables.push_back(read_measured_table(file, progress));
    for (std::size_t i = 0; i + 1 < tables.size(); ++i)
      if (tables[i].name == tables.back().name)
        throw Error(
            file.string(), "",
            fmt::format("is a table \"{}\", and so is {}", tables[i].name, tables[i].csv.source()),
            "Keep one file of each table in the folder");
  }
  if (tables.empty()) throw Error(folder.string(), "", "holds no .csv file of measured times");
  return tables;
}

}  // namespace moescope
