#include "gpu/model/config.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/input_file.h"
#include "gpu/model/config_reader.h"

namespace moescope::runtime {
namespace {

using nlohmann::json;

constexpr int kMaxWidth = 1 << 20;
constexpr int kMaxLayers = 1024;
constexpr int kMaxExperts = 65536;
constexpr int kMaxTopK = 256;

/// 0.1 m ln(s) + 1 for s > 1 (YaRN, section 3.4, with DeepSeek's factor m).
double yarn_scale(double factor, double m) {
  return factor <= 1 ? 1.0 : 0.1 * m * std::log(factor) + 1.0;
}

Rope read_rope(ConfigReader& keys, const std::string& source, bool deepseek) {
  Rope rope;
  rope.interleaved = deepseek;
  rope.theta = keys.positive_or("rope_theta", 10000);
  keys.harmless({"rope_scaling"});
  if (!keys.has("rope_scaling")) return rope;
  ConfigReader scaling(keys.object("rope_scaling"), source, "rope_scaling.");
  const std::string old_name = scaling.text_or("type", "default");
  const std::string type = scaling.text_or("rope_type", old_name);
  if (type != "default") {
    if (type != "yarn") scaling.refuse("type", "is \"" + type + "\"; only \"yarn\" is supported");
    Yarn yarn;
    yarn.factor = scaling.positive("factor");
    yarn.original_positions = scaling.integer("original_max_position_embeddings", 1, kMaxWidth);
    yarn.beta_fast = scaling.positive_or("beta_fast", 32);
    yarn.beta_slow = scaling.positive_or("beta_slow", 1);
    const double m = scaling.number_or("mscale", 1), all = scaling.number_or("mscale_all_dim", 0);
    yarn.cos_sin_scale = yarn_scale(yarn.factor, m) / yarn_scale(yarn.factor, all);
    if (deepseek && all != 0) yarn.softmax_scale = std::pow(yarn_scale(yarn.factor, all), 2);
    rope.yarn = yarn;
  }
  scaling.harmless({"rope_theta"});
  scaling.finish();
  return rope;
}

void read_common(ConfigReader& keys, ModelConfig& config) {
  config.vocab = keys.integer("vocab_size", 1, 1 << 24);
  config.hidden = keys.integer("hidden_size", 1, kMaxWidth);
  config.layers = keys.integer("num_hidden_layers", 1, kMaxLayers);
  config.heads = keys.integer("num_attention_heads", 1, 4096);
  config.max_positions = keys.integer_or("max_position_embeddings", 1, 1 << 26, 4096);
  config.norm_eps = keys.positive_or("rms_norm_eps", 1e-6);
  config.tied_embeddings = keys.boolean_or("tie_word_embeddings", false);
  config.top_k = keys.integer("num_experts_per_tok", 1, kMaxTopK);
  config.gate.normalise = keys.boolean_or("norm_topk_prob", false);
  keys.only("hidden_act", "silu");
  keys.only("attention_bias", false);
  keys.only("mlp_bias", false);
  keys.harmless({"architectures", "attention_dropout", "auto_map", "bos_token_id", "dtype",
                 "eos_token_id", "initializer_range", "model_type", "pad_token_id",
                 "pretraining_tp", "torch_dtype", "transformers_version", "use_cache",
                 "_name_or_path", "router_aux_loss_coef", "output_router_logits"});
}

void read_quantisation(ConfigReader& keys, const std::string& source, ModelConfig& config) {
  keys.harmless({"quantization_config"});
  if (!keys.has("quantization_config")) return;
  ConfigReader quantised(keys.object("quantization_config"), source, "quantization_config.");
  quantised.only("quant_method", "fp8");
  quantised.only("fmt", "e4m3");
  quantised.only("weight_block_size", json::array({128, 128}));
  quantised.only("activation_scheme", "dynamic");
  quantised.finish();
  config.fp8_blocks = true;
}

/// The gate of DeepSeek-V2 and V3: method and scoring function belong together.
void read_deepseek_gate(ConfigReader& keys, ModelConfig& config, bool v3) {
  Gate& gate = config.gate;
  const std::string scoring = keys.text_or("scoring_func", v3 ? "sigmoid" : "softmax");
  if (scoring == "sigmoid")
    gate.scoring = Scoring::Sigmoid;
  else if (scoring != "softmax")
    keys.refuse("scoring_func", "is \"" + scoring + "\"; supported are softmax and sigmoid");
  const std::string method = keys.text_or("topk_method", v3 ? "noaux_tc" : "greedy");
  gate.groups = keys.integer_or("n_group", 1, kMaxExperts, 1);
  gate.top_groups = keys.integer_or("topk_group", 1, kMaxExperts, 1);
  if (method == "noaux_tc") {
    gate.bias = true;
    gate.group_score = GroupScore::SumOfTopTwo;
  } else if (method == "greedy") {
    gate.groups = gate.top_groups = 1;
  } else if (method != "group_limited_greedy") {
    keys.refuse("topk_method",
                "is \"" + method + "\"; supported are noaux_tc, greedy and group_limited_greedy");
  }
  gate.scale = keys.positive_or("routed_scaling_factor", 1);
}

void read_deepseek(ConfigReader& keys, const std::string& source, ModelConfig& config, bool v3) {
  config.attention = AttentionKind::Mla;
  // V2 leaves the scaling factor out when it normalises; no published model does, so it is not
  // built.
  if (!v3) keys.only("norm_topk_prob", false);
  config.dense_layers = keys.integer_or("first_k_dense_replace", 0, config.layers, 0);
  config.dense_width = keys.integer("intermediate_size", 1, kMaxWidth);
  config.expert_width = keys.integer("moe_intermediate_size", 1, kMaxWidth);
  config.experts = keys.integer("n_routed_experts", 1, kMaxExperts);
  config.shared_experts = keys.integer_or("n_shared_experts", 0, 64, 0);
  config.mla = {keys.integer_or("q_lora_rank", 1, kMaxWidth, 0),
                keys.integer("kv_lora_rank", 1, kMaxWidth),
                keys.integer("qk_nope_head_dim", 1, 4096),
                keys.integer("qk_rope_head_dim", 2, 4096), keys.integer("v_head_dim", 1, 4096)};
  keys.only("num_key_value_heads", config.heads);
  keys.only("moe_layer_freq", 1);
  keys.only("head_dim", config.mla.rope_dim);
  keys.only("qk_head_dim", config.mla.nope_dim + config.mla.rope_dim);
  keys.only("rope_interleave", true);
  // Auxiliary losses and the multi-token-prediction layer are for training and drafting.
  keys.harmless({"aux_loss_alpha", "seq_aux", "ep_size", "num_nextn_predict_layers"});
  read_deepseek_gate(keys, config, v3);
  read_quantisation(keys, source, config);
  config.rope = read_rope(keys, source, true);
}

void read_qwen3(ConfigReader& keys, const std::string& source, ModelConfig& config) {
  config.expert_width = keys.integer("moe_intermediate_size", 1, kMaxWidth);
  config.experts = keys.integer("num_experts", 1, kMaxExperts);
  config.gqa = {keys.integer("num_key_value_heads", 1, config.heads),
                keys.integer_or("head_dim", 2, 4096, config.hidden / config.heads), QkNorm::PerHead,
                0};
  keys.only("decoder_sparse_step", 1);
  keys.only("mlp_only_layers", json::array());
  keys.only("use_sliding_window", false);
  keys.harmless({"max_window_layers", "intermediate_size"});
  if (!keys.boolean_or("use_sliding_window", false)) keys.harmless({"sliding_window"});
  config.rope = read_rope(keys, source, false);
}

void read_olmoe(ConfigReader& keys, const std::string& source, ModelConfig& config) {
  config.expert_width = keys.integer("intermediate_size", 1, kMaxWidth);
  config.experts = keys.integer("num_experts", 1, kMaxExperts);
  if (config.hidden % config.heads != 0)
    keys.refuse("hidden_size", "is not divisible by num_attention_heads");
  config.gqa = {keys.integer_or("num_key_value_heads", 1, config.heads, config.heads),
                config.hidden / config.heads, QkNorm::FullWidth, keys.number_or("clip_qkv", 0)};
  if (config.gqa.clip < 0) keys.refuse("clip_qkv", "is negative");
  config.rope = read_rope(keys, source, false);
}

void check(const ModelConfig& c, const ConfigReader& keys) {
  const Gate& gate = c.gate;
  if (c.experts % gate.groups != 0)
    keys.refuse("n_group", fmt::format("{} experts cannot be split into {} equal groups", c.experts,
                                       gate.groups));
  if (gate.top_groups > gate.groups) keys.refuse("topk_group", "is larger than n_group");
  if (gate.group_score == GroupScore::SumOfTopTwo && c.experts / gate.groups < 2)
    keys.refuse("n_group", "leaves fewer than two experts a group");
  if (c.top_k > c.experts / gate.groups * gate.top_groups)
    keys.refuse("num_experts_per_tok", "is larger than the number of experts that may be chosen");
  const int rotated = c.attention == AttentionKind::Mla ? c.mla.rope_dim : c.gqa.head_dim;
  if (rotated % 2 != 0) keys.refuse("head_dim", "the part that rope rotates must be even");
  if (c.attention == AttentionKind::Gqa && c.heads % c.gqa.kv_heads != 0)
    keys.refuse("num_key_value_heads", "does not divide num_attention_heads");
}

}  // namespace

double ModelConfig::softmax_scale() const {
  const double dim = attention == AttentionKind::Mla ? mla.nope_dim + mla.rope_dim : gqa.head_dim;
  return (rope.yarn ? rope.yarn->softmax_scale : 1.0) / std::sqrt(dim);
}

double ModelConfig::attention_parameters() const {
  const double width = hidden;
  if (attention == AttentionKind::Gqa) return 2.0 * (heads + gqa.kv_heads) * gqa.head_dim * width;
  const double query = static_cast<double>(heads) * (mla.nope_dim + mla.rope_dim);
  const double key_value = static_cast<double>(heads) * (mla.nope_dim + mla.v_dim);
  return (mla.q_rank > 0 ? mla.q_rank * (width + query) : query * width) +
         (mla.kv_rank + mla.rope_dim) * width + key_value * mla.kv_rank + width * heads * mla.v_dim;
}

double ModelConfig::parameters() const {
  const double width = hidden;
  const double moe = 3.0 * expert_width * width * (experts + shared_experts) + experts * width;
  return (tied_embeddings ? 1 : 2) * vocab * width + layers * attention_parameters() +
         dense_layers * 3.0 * dense_width * width + moe_layers() * moe;
}

ModelConfig parse_config(std::string_view text, const std::string& source) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) throw Error(source, "", "is not valid JSON");
  ConfigReader keys(document, source);
  ModelConfig config;
  config.family = keys.text_or("model_type", "");
  read_common(keys, config);
  if (config.family == "deepseek_v3" || config.family == "deepseek_v2")
    read_deepseek(keys, source, config, config.family == "deepseek_v3");
  else if (config.family == "qwen3_moe")
    read_qwen3(keys, source, config);
  else if (config.family == "olmoe")
    read_olmoe(keys, source, config);
  else
    keys.refuse("model_type", "is \"" + config.family +
                                  "\"; supported are deepseek_v3, deepseek_v2, qwen3_moe, olmoe");
  keys.finish();
  check(config, keys);
  return config;
}

ModelConfig read_config(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  refuse_special_file(path);
  std::ifstream in(path, std::ios::binary);
  constexpr std::size_t limit = 1 << 20;
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() == 0)
    throw Error(path.string(), "", "cannot be read",
                "give a folder with config.json and *.safetensors");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > limit) throw Error(path.string(), "", "is larger than 1 MiB");
  return parse_config(text, path.string());
}

ModelConfig tiny_config() {
  ModelConfig c;
  c.family = "deepseek_v3";
  c.vocab = 512;
  c.hidden = 64;
  c.layers = 10;
  c.dense_layers = 2;
  c.heads = 4;
  c.dense_width = 128;
  c.expert_width = 32;
  c.experts = 64;
  c.top_k = 8;
  c.shared_experts = 1;
  c.max_positions = 4096;
  c.attention = AttentionKind::Mla;
  c.mla = {32, 32, 16, 8, 16};
  c.gate = {Scoring::Sigmoid, true, 8, 4, GroupScore::SumOfTopTwo, true, 2.5};
  c.rope = {10000, true, std::nullopt};
  return c;
}

ModelConfig tiny_lite_config() {
  ModelConfig c = tiny_config();
  c.family = "deepseek_v2";
  c.hidden = 32;
  c.layers = 27;
  c.dense_layers = 1;
  c.expert_width = 16;
  c.top_k = 6;
  c.shared_experts = 2;
  c.mla.q_rank = 0;
  c.gate = Gate{};
  return c;
}

std::string config_json(const ModelConfig& c) {
  if (c.family != "deepseek_v3" || c.rope.yarn || c.fp8_blocks)
    throw Error("config", c.family, "only plain deepseek_v3 configurations are written");
  const nlohmann::ordered_json document = {
      {"model_type", c.family},
      {"vocab_size", c.vocab},
      {"hidden_size", c.hidden},
      {"num_hidden_layers", c.layers},
      {"num_attention_heads", c.heads},
      {"num_key_value_heads", c.heads},
      {"max_position_embeddings", c.max_positions},
      {"rms_norm_eps", c.norm_eps},
      {"tie_word_embeddings", c.tied_embeddings},
      {"num_experts_per_tok", c.top_k},
      {"norm_topk_prob", c.gate.normalise},
      {"hidden_act", "silu"},
      {"first_k_dense_replace", c.dense_layers},
      {"intermediate_size", c.dense_width},
      {"moe_intermediate_size", c.expert_width},
      {"n_routed_experts", c.experts},
      {"n_shared_experts", c.shared_experts},
      {"q_lora_rank", c.mla.q_rank > 0 ? json(c.mla.q_rank) : json()},
      {"kv_lora_rank", c.mla.kv_rank},
      {"qk_nope_head_dim", c.mla.nope_dim},
      {"qk_rope_head_dim", c.mla.rope_dim},
      {"v_head_dim", c.mla.v_dim},
      {"scoring_func", "sigmoid"},
      {"topk_method", "noaux_tc"},
      {"n_group", c.gate.groups},
      {"topk_group", c.gate.top_groups},
      {"routed_scaling_factor", c.gate.scale},
      {"rope_theta", c.rope.theta}};
  return document.dump(2) + "\n";
}

}  // namespace moescope::runtime
