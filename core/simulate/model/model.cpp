#include "core/simulate/model/model.h"

#include "core/simulate/model/description.h"

namespace moescope {
namespace {

constexpr int kMost = 1 << 20;
constexpr double kScaleBlock = 128.0 * 128.0;  ///< weights that share one scale
constexpr double kScaleRun = 128;              ///< values of a token that share one scale
constexpr double kScaleBytes = 4;

AttentionShape read_attention(Description file) {
  AttentionShape a;
  a.heads = file.integer("heads", 1, kMost);
  const auto kind = file.text("kind");
  if (kind == "mla") {
    a.q_rank = file.integer("q_rank", 0, kMost);
    a.kv_rank = file.integer("kv_rank", 1, kMost);
    a.nope = file.integer("nope", 1, kMost);
    a.rope = file.integer("rope", 0, kMost);
    a.v = file.integer("v", 1, kMost);
  } else if (kind == "gqa") {
    a.kv_heads = file.integer("kv_heads", 1, a.heads);
    a.head = file.integer("head", 1, kMost);
  } else {
    file.fail("kind", "is neither \"mla\" nor \"gqa\"");
  }
  file.finish();
  return a;
}

}  // namespace

double ModelShape::weight_bytes(double weights) const {
  return precision == Precision::Fp8 ? weights * (1 + kScaleBytes / kScaleBlock)
                                     : element_bytes() * weights;
}

double ModelShape::dispatch_bytes() const {
  return precision == Precision::Fp8 ? hidden * (1 + kScaleBytes / kScaleRun)
                                     : element_bytes() * hidden;
}

double ModelShape::attention_weights() const {
  const auto& a = attention;
  const double h = hidden, heads = a.heads;
  if (!a.latent()) return h * a.head * (2 * heads + 2.0 * a.kv_heads);
  const double q = heads * (a.nope + a.rope);
  return (a.q_rank > 0 ? h * a.q_rank + a.q_rank * q : h * q) + h * (a.kv_rank + a.rope) +
         a.kv_rank * heads * (a.nope + a.v) + heads * a.v * h;
}

double ModelShape::attention_core_flops(double keys, bool decode) const {
  const auto& a = attention;
  if (!a.latent()) return 4.0 * a.heads * a.head * keys;
  // Decode works on the latent cache itself, with the up-projections absorbed by the projections.
  return decode ? 2.0 * a.heads * (2.0 * a.kv_rank + a.rope) * keys
                : 2.0 * a.heads * (a.nope + a.rope + a.v) * keys;
}

double ModelShape::cache_bytes() const {
  const auto& a = attention;
  return element_bytes() * (a.latent() ? a.kv_rank + a.rope : 2 * a.kv_heads * a.head);
}

ModelShape load_model_shape(const std::string& name_or_path) {
  auto file = Description::open("models", name_or_path);
  ModelShape m;
  m.name = file.text("name");
  m.title = file.text("title");
  m.source = file.text("source");
  m.layers = file.integer("layers", 1, 4096);
  m.dense_layers = file.integer("dense_layers", 0, m.layers - 1);
  m.hidden = file.integer("hidden", 1, kMost);
  m.expert_width = file.integer("expert_width", 1, kMost);
  m.dense_width = file.integer("dense_width", 0, kMost);
  m.experts = file.integer("experts", 1, 65535);
  m.top_k = file.integer("top_k", 1, m.experts);
  m.shared_experts = file.integer("shared_experts", 0, 1024);
  m.groups = file.integer("groups", 1, m.experts);
  m.top_groups = file.integer("top_groups", 1, m.groups);
  if (m.experts % m.groups != 0) file.fail("groups", "does not divide the experts");
  m.attention = read_attention(file.object("attention"));
  const auto precision = file.text("precision");
  if (precision != "fp8" && precision != "bf16" && precision != "fp32")
    file.fail("precision", "is none of \"fp8\", \"bf16\" and \"fp32\"");
  m.precision = precision == "fp8"    ? Precision::Fp8
                : precision == "bf16" ? Precision::Bf16
                                      : Precision::Fp32;
  file.finish();
  return m;
}

}  // namespace moescope
