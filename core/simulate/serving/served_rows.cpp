#include "core/simulate/serving/served_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/simulate/cost/kernel_costs.h"
#include "core/simulate/model/model.h"

namespace moescope {
namespace {

constexpr int kMostGpus = 65536, kMostTokens = 1 << 26;
constexpr double kFp4Bytes = 0.5 + 1.0 / 16;
constexpr double kOperationsOfPrompt = 74e9;  ///< a token: twice the 37 billion active weights

/// How a phase is laid out over GPUs.
struct Layout {
  double gpus = 1;
  double batch = 1;  ///< sequences in flight on all GPUs
  bool batch_known = true;
  bool data_parallel = false;
  double experts_over = 1;  ///< GPUs that the experts are spread over
  double width_over = 1;    ///< GPUs that share an expert's width
};

Layout read_layout(const CsvTable& csv, const CsvTable::Row& row, const std::string& prefix) {
  const auto whole = [&](const std::string& name) {
    return static_cast<double>(csv.whole(row, prefix + name, 1, kMostGpus));
  };
  const double tp = whole("tp_size"), dp = whole("attention_dp_size");
  const double moe_tp = whole("moe_tp_size"), moe_ep = whole("moe_ep_size");
  Layout layout;
  // Equal factors are one size written as a product: "4 x 4" are 4 GPUs.
  const bool product = moe_tp == moe_ep && moe_ep > 1;
  layout.gpus = product ? moe_ep : std::max(tp, dp);
  layout.experts_over = moe_ep;
  layout.width_over = product ? 1 : moe_tp;
  layout.data_parallel = dp > 1;
  layout.batch_known = !csv.text(row, prefix + "batch_size").empty();
  layout.batch = dp * (layout.batch_known ? whole("batch_size") : 1);
  if (256 % static_cast<int>(moe_ep) != 0)
    csv.fail(row, prefix + "moe_ep_size", fmt::format("{} GPUs do not divide 256 experts", moe_ep));
  return layout;
}

/// Kernels of one layer of a decode step.
class Layer {
 public:
  Layer(const Hardware& hardware, const ModelShape& model, bool fp4)
      : hardware_(hardware), model_(model), fp4_(fp4) {}

  double decode_us(const Layout& l, double context) {
    const double share = l.data_parallel ? 1 : l.gpus;
    const double batch = l.data_parallel ? std::max(1.0, l.batch / l.gpus) : l.batch;
    const auto& a = model_.attention;
    AttentionWork attention{.decode = true, .heads = a.heads / share, .batch = batch};
    attention.context = context;
    const double shared = model_.expert_width / share;
    return us({"attention", attention_name(), ""}, attention) +
           product(batch, a.q_rank + a.kv_rank + a.rope, model_.hidden) +
           us(expert_kernel(), experts(l)) + product(batch, 2 * shared, model_.hidden) +
           product(batch, model_.hidden, shared) + exchange_us(l);
  }

 private:
  std::string attention_name() const {
    return hardware_.kernels.newest("attention", "decode fa3") != nullptr ? "decode fa3"
                                                                          : "decode trtllm_mla";
  }
  KernelId expert_kernel() const { return {"experts", fp4_ ? "trtllm" : "sglang decode", ""}; }
  ExpertWork experts(const Layout& l) const {
    ExpertWork w;
    w.hidden = model_.hidden;
    w.width = model_.expert_width / l.width_over;
    w.weight_bytes = fp4_ ? kFp4Bytes : 1;
    const double local = model_.experts / l.experts_over;
    const double chosen = static_cast<double>(model_.top_k) / model_.experts;
    w.held = local;
    w.rows = l.batch * model_.top_k / l.experts_over;
    const double touched = local * (1 - std::pow(1 - chosen, l.batch));
    w.slots = {{w.rows / touched, touched}};
    w.largest = w.rows / touched;
    w.rank_tokens = std::min(w.rows, l.batch);
    return w;
  }
  double exchange_us(const Layout& l) {
    if (l.gpus < 2) return 0;
    const double bytes = l.batch * model_.hidden * 2 * (l.gpus - 1) / l.gpus;
    const auto collective = [&](const char* name, double sent) {
      return us({"collectives", name, ""}, CollectiveWork{sent, l.gpus});
    };
    return l.data_parallel ? collective("all_gather", bytes) + collective("reduce_scatter", bytes)
                           : 2 * collective("all_reduce", 2 * bytes);
  }
  double product(double m, double n, double k) {
    return us({"gemm", "fp8_block", ""}, GemmWork{m, n, k, 1});
  }
  double us(const KernelId& id, const Work& work) {
    auto at = kernels_.find(id);
    if (at == kernels_.end()) {
      const auto* own = hardware_.kernels.newest(id.table, id.name);
      at = kernels_.emplace(id, own != nullptr ? *own : choose_kernel(hardware_, id).kernel).first;
    }
    return at->second.microseconds(work, hardware_.sheet());
  }

  const Hardware& hardware_;
  const ModelShape& model_;
  bool fp4_;
  std::map<KernelId, KernelCost> kernels_;
};

/// Time of the prompts' operations at the FP8 peak.
double prompt_us(double tokens, const Layout& layout, const Hardware& hardware) {
  return tokens / layout.gpus * kOperationsOfPrompt / (hardware.fp8_tflops * 1e6);
}

MeasuredRow read_row(const CsvTable& csv, const CsvTable::Row& row, const Hardware& hardware,
                     const ModelShape& model, Served what) {
  const auto text = [&](const char* column) { return std::string(csv.text(row, column)); };
  const auto mode = text("mode"), precision = text("precision"), backend = text("backend");
  if (mode != "agg" && mode != "disagg")
    csv.fail(row, "mode", fmt::format("\"{}\" is neither agg nor disagg", mode));
  if (precision != "fp8" && precision != "fp4")
    csv.fail(row, "precision", fmt::format("\"{}\" is neither fp8 nor fp4", precision));
  if (backend != "sglang" && backend != "trtllm")
    csv.fail(row, "backend", fmt::format("\"{}\" is neither sglang nor trtllm", backend));
  const bool r1 = text("model_path").ends_with("DeepSeek-R1");
  if (!r1 && !text("model_path").ends_with("DeepSeek-V3"))
    csv.fail(row, "model_path", "is neither DeepSeek-R1 nor DeepSeek-V3");
  const double prompt = csv.whole(row, "isl", 1, kMostTokens);
  const double output = csv.whole(row, "osl", 1, kMostTokens);
  const bool split = mode == "disagg";
  const bool first = what == Served::Ttft;
  const auto layout = read_layout(csv, row, !split ? "" : first ? "prefill_" : "decode_");
  MeasuredRow out;
  // Identical queries of R1 and V3 differ by 0.62 under TensorRT-LLM: speculative decoding that the
  // table does not tell.
  StepWork work{.speculative = backend == "trtllm" && r1};
  if (first) {
    work.prompt_us = prompt_us(prompt, layout, hardware);
    work.queue_us = prompt_us(prompt * layout.batch, layout, hardware);
  } else {
    Layer layer(hardware, model, precision == "fp4");
    work.kernels_us = model.layers * layer.decode_us(layout, prompt + output / 2);
    if (!split) work.queue_us = prompt_us(layout.batch * prompt / output, layout, hardware);
  }
  out.kernel = {"end_to_end", backend + (split ? " disaggregated" : "") + (first ? " ttft" : ""),
                ""};
  out.work = work;
  out.axes = {layout.batch, prompt};
  out.unusual = layout.experts_over < 2 || !layout.batch_known;
  const char* measured = first ? "silicon_ttft_ms" : "silicon_tpot_ms";
  if (csv.has(measured) && !csv.text(row, measured).empty())
    out.measured_us = csv.number(row, measured, 1e-9, 1e12) * 1e3;
  return out;
}

}  // namespace

void fill_served_rows(MeasuredTable& table, Served what,
                      const std::function<const Hardware*(const std::string&)>& hardware_of,
                      Progress& progress) {
  const auto model = load_model_shape(kServedModel);
  table.rows.clear();
  for (std::size_t i = 0; i < table.csv.rows().size(); ++i) {
    progress.check();
    const auto& row = table.csv.rows()[i];
    const std::string system(table.csv.text(row, "system"));
    const auto* hardware = hardware_of(system);
    if (hardware == nullptr) continue;
    auto served = read_row(table.csv, row, *hardware, model, what);
    served.row = i;
    served.system = system;
    table.rows.push_back(std::move(served));
  }
}

}  // namespace moescope
