// What the rows of each table mean; used by read_measured_table().
#pragma once

#include "core/simulate/cost/table/measured_table.h"

namespace moescope {

/// Bounds on what a row may say, far above any measurement: tokens or a side of a matrix, and a
/// size of a model.
inline constexpr int kMostTokens = 1 << 26, kMostSize = 1 << 20;

MeasuredRow read_experts_row(const CsvTable& table, const CsvTable::Row& row);
MeasuredRow read_alltoall_row(const CsvTable& table, const CsvTable::Row& row);
MeasuredRow read_attention_row(const CsvTable& table, const CsvTable::Row& row);
MeasuredRow read_gemm_row(const CsvTable& table, const CsvTable::Row& row);
MeasuredRow read_collectives_row(const CsvTable& table, const CsvTable::Row& row);

}  // namespace moescope
