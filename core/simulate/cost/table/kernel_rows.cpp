// alltoall.csv, attention.csv, gemm.csv, collectives.csv.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/simulate/cost/all_to_all.h"
#include "core/simulate/cost/table/row_reader.h"

namespace moescope {
namespace {

constexpr int kMostGpus = 65536;

/// Bytes of an element; the block scales of FP8 are left out, as in the formulas.
double operand_bytes(const CsvTable& table, const CsvTable::Row& row) {
  const auto type = table.text(row, "dtype");
  if (type == "bfloat16") return 2;
  if (type == "fp8_block") return 1;
  table.fail(row, "dtype", fmt::format("\"{}\" is neither bfloat16 nor fp8_block", type));
}

void refuse_unless(const CsvTable& table, const CsvTable::Row& row, const char* column,
                   const std::vector<std::string_view>& known) {
  const auto text = table.text(row, column);
  if (std::find(known.begin(), known.end(), text) == known.end())
    table.fail(row, column,
               fmt::format("\"{}\" is not known; expected {}", text, fmt::join(known, ", ")));
}

/// A word that no engine has would be answered by the kernels of another one.
void refuse_unknown_engine(const CsvTable& table, const CsvTable::Row& row) {
  refuse_unless(table, row, "engine", {"sglang", "trtllm", "vllm"});
}

}  // namespace

MeasuredRow read_alltoall_row(const CsvTable& table, const CsvTable::Row& row) {
  refuse_unknown_engine(table, row);
  refuse_unless(table, row, "phase", {"dispatch", "combine"});
  refuse_unless(table, row, "library", all_to_all_libraries());
  AllToAllWork w;
  const std::string library(table.text(row, "library")), phase(table.text(row, "phase"));
  w.combine = phase == "combine";
  w.tokens = table.whole(row, "tokens_per_gpu", 1, kMostTokens);
  w.hidden = table.whole(row, "hidden_size", 1, kMostSize);
  w.experts = table.whole(row, "num_experts", 1, kMostGpus);
  w.top_k = table.whole(row, "topk", 1, static_cast<int>(w.experts));
  const int gpus = table.whole(row, "ep_size", 1, kMostGpus);
  const int nodes = table.whole(row, "nodes", 1, kMostGpus);
  w.gpus = gpus;
  w.nodes = nodes;
  if (gpus % nodes != 0)
    table.fail(row, "nodes", fmt::format("{} nodes do not divide {} GPUs", nodes, gpus));
  // Over several nodes there are measurements with 288 experts on 64 GPUs.
  if (static_cast<int>(w.experts) % (gpus / nodes) != 0)
    table.fail(row, "ep_size", fmt::format("{} GPUs do not divide {} experts", gpus, w.experts));
  if (!table.text(row, "sms").empty()) w.sms = table.whole(row, "sms", 0, kMostGpus);
  if (library == "deepep_normal" && w.sms < 1)
    table.fail(row, "sms", "is missing: deepep_normal needs SMs of communication");
  complete_all_to_all(w);
  MeasuredRow out;
  out.kernel.name = all_to_all_kernel(library, w.nodes > 1, w.combine);
  out.work = w;
  out.axes = {w.nodes > 1 ? -w.nodes : w.sms, w.tokens};
  // Measured on several nodes: what was sent, and the exchange of counts before.
  if (library == "deepep_normal" && nodes > 1 && table.has("latency_us") &&
      !table.text(row, "notify_us").empty())
    out.measured_us =
        table.number(row, "latency_us", 1e-9, 1e12) + table.number(row, "notify_us", 0, 1e12);
  // H200 rows of 0.5.6.post2 contradict those of 0.5.12, and deepep_v2_generation is noise.
  out.unusual = library == "deepep_v2_generation" || (table.text(row, "system") == "h200_sxm" &&
                                                      table.text(row, "version") == "0.5.6.post2");
  return out;
}

MeasuredRow read_attention_row(const CsvTable& table, const CsvTable::Row& row) {
  refuse_unknown_engine(table, row);
  refuse_unless(table, row, "phase", {"decode", "prefill"});
  refuse_unless(table, row, "dtype", {"fp8_block"});
  refuse_unless(table, row, "kv_dtype", {"fp8"});
  AttentionWork w;
  w.decode = table.text(row, "phase") == "decode";
  w.heads = table.whole(row, "heads", 1, kMostGpus);
  w.batch = table.whole(row, "batch", 1, kMostTokens);
  w.context = table.whole(row, "context", 1, kMostTokens);
  MeasuredRow out;
  out.kernel.name = fmt::format("{} {}", table.text(row, "phase"), table.text(row, "kernel"));
  out.work = w;
  out.axes = {w.batch, w.context};
  return out;
}

MeasuredRow read_gemm_row(const CsvTable& table, const CsvTable::Row& row) {
  refuse_unknown_engine(table, row);
  GemmWork w;
  w.operand_bytes = operand_bytes(table, row);
  w.m = table.whole(row, "m", 1, kMostTokens);
  w.n = table.whole(row, "n", 1, kMostTokens);
  w.k = table.whole(row, "k", 1, kMostTokens);
  MeasuredRow out;
  out.kernel.name = table.text(row, "dtype");
  out.work = w;
  out.axes = {w.n * w.k, w.m};
  // FP8 on Hopper, 0.5.14: other tiles, two to five times as slow, at these numbers of them.
  const double tiles = std::ceil(w.m / 128) * std::ceil(w.n / 128);
  out.unusual = w.operand_bytes < 2 && w.m >= 128 && table.text(row, "system").starts_with("h") &&
                (tiles == 128 || tiles == 192 || tiles == 256);
  return out;
}

MeasuredRow read_collectives_row(const CsvTable& table, const CsvTable::Row& row) {
  refuse_unless(table, row, "op", {"all_gather", "reduce_scatter", "all_reduce", "alltoall"});
  refuse_unless(table, row, "dtype", {"half", "int8"});
  CollectiveWork w;
  w.gpus = table.whole(row, "gpus", 2, kMostGpus);
  const double elements = table.number(row, "bytes_or_elements", 1, 1e15);
  const double buffer = elements * (table.text(row, "dtype") == "half" ? 2 : 1);
  w.bytes = buffer * (w.gpus - 1) / w.gpus * (table.text(row, "op") == "all_reduce" ? 2 : 1);
  MeasuredRow out;
  out.kernel.name = table.text(row, "op");
  out.work = w;
  out.axes = {w.gpus, elements};
  return out;
}

}  // namespace moescope
