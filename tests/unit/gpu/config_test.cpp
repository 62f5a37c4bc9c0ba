#include "gpu/model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using nlohmann::json;
using test::error_of;
using ::testing::HasSubstr;

/// The published configuration of DeepSeek-V3, as far as it matters here.
json deepseek_v3() {
  return json::parse(R"({"architectures":["DeepseekV3ForCausalLM"],"attention_bias":false,
    "attention_dropout":0.0,"auto_map":{"AutoConfig":"x"},"aux_loss_alpha":0.001,
    "bos_token_id":0,"eos_token_id":1,"ep_size":1,"first_k_dense_replace":3,"hidden_act":"silu",
    "hidden_size":7168,"initializer_range":0.02,"intermediate_size":18432,"kv_lora_rank":512,
    "max_position_embeddings":163840,"model_type":"deepseek_v3","moe_intermediate_size":2048,
    "moe_layer_freq":1,"n_group":8,"n_routed_experts":256,"n_shared_experts":1,
    "norm_topk_prob":true,"num_attention_heads":128,"num_experts_per_tok":8,
    "num_hidden_layers":61,"num_key_value_heads":128,"num_nextn_predict_layers":1,
    "pretraining_tp":1,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,
    "quantization_config":{"activation_scheme":"dynamic","fmt":"e4m3","quant_method":"fp8",
    "weight_block_size":[128,128]},"rms_norm_eps":1e-06,
    "rope_scaling":{"beta_fast":32,"beta_slow":1,"factor":40,"mscale":1.0,"mscale_all_dim":1.0,
    "original_max_position_embeddings":4096,"type":"yarn"},"rope_theta":10000,
    "routed_scaling_factor":2.5,"scoring_func":"sigmoid","seq_aux":true,
    "tie_word_embeddings":false,"topk_group":4,"topk_method":"noaux_tc","torch_dtype":"bfloat16",
    "transformers_version":"4.33.1","use_cache":true,"v_head_dim":128,"vocab_size":129280})");
}

json qwen3() {
  return json::parse(R"({"model_type":"qwen3_moe","attention_bias":false,"decoder_sparse_step":1,
    "head_dim":128,"hidden_act":"silu","hidden_size":2048,"intermediate_size":6144,
    "max_position_embeddings":40960,"max_window_layers":48,"mlp_only_layers":[],
    "moe_intermediate_size":768,"norm_topk_prob":true,"num_attention_heads":32,"num_experts":128,
    "num_experts_per_tok":8,"num_hidden_layers":48,"num_key_value_heads":4,
    "output_router_logits":false,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":1000000.0,
    "router_aux_loss_coef":0.001,"sliding_window":null,"tie_word_embeddings":false,
    "use_sliding_window":false,"vocab_size":151936})");
}

ModelConfig parse(const json& document) {
  return parse_config(document.dump(), "config.json");
}
std::string refusal(json document, const char* key, const json& value) {
  document[key] = value;
  return error_of([&] { parse(document); });
}

TEST(GpuConfig, DeepSeekV3IsReadAsPublished) {
  const ModelConfig c = parse(deepseek_v3());
  EXPECT_EQ(c.layers, 61);
  EXPECT_EQ(c.moe_layers(), 58);
  EXPECT_EQ(c.kv_width(), 576);
  EXPECT_TRUE(c.fp8_blocks);
  EXPECT_TRUE(c.rope.interleaved);
  EXPECT_EQ(c.gate.scoring, Scoring::Sigmoid);
  EXPECT_EQ(c.gate.group_score, GroupScore::SumOfTopTwo);
  EXPECT_TRUE(c.gate.bias && c.gate.normalise);
  EXPECT_EQ(c.gate.groups, 8);
  EXPECT_EQ(c.gate.top_groups, 4);
  EXPECT_DOUBLE_EQ(c.gate.scale, 2.5);
  // 0.1 ln 40 + 1, squared, over sqrt(192).
  EXPECT_NEAR(c.softmax_scale(), 1.3688879 * 1.3688879 / 13.8564065, 1e-6);
  EXPECT_DOUBLE_EQ(c.rope.yarn->cos_sin_scale, 1.0);
  // 671 billion weights without the multi-token-prediction layer.
  EXPECT_NEAR(static_cast<double>(c.parameters()), 671e9, 1e9);
}

TEST(GpuConfig, V2LiteHasNoQueryCompressionAndASoftmaxGate) {
  json lite = deepseek_v3();
  lite.erase("quantization_config");
  lite["model_type"] = "deepseek_v2";
  lite["q_lora_rank"] = nullptr;
  lite["topk_method"] = "greedy";
  lite["scoring_func"] = "softmax";
  lite["n_group"] = lite["topk_group"] = 1;
  lite["norm_topk_prob"] = false;
  lite["rope_scaling"]["mscale"] = lite["rope_scaling"]["mscale_all_dim"] = 0.707;
  const ModelConfig c = parse(lite);
  EXPECT_EQ(c.mla.q_rank, 0);
  EXPECT_EQ(c.gate.scoring, Scoring::Softmax);
  EXPECT_FALSE(c.gate.bias || c.gate.normalise);
  EXPECT_EQ(c.gate.groups, 1);
  EXPECT_NEAR(c.rope.yarn->softmax_scale, std::pow(0.0707 * std::log(40.0) + 1, 2), 1e-12);
}

TEST(GpuConfig, Qwen3AndOlmoeDifferInTheirNorms) {
  const ModelConfig qwen = parse(qwen3());
  EXPECT_EQ(qwen.gqa.qk_norm, QkNorm::PerHead);
  EXPECT_EQ(qwen.gqa.kv_heads, 4);
  EXPECT_FALSE(qwen.rope.interleaved);
  EXPECT_EQ(qwen.dense_layers, 0);
  json olmoe = qwen3();
  for (const char* key : {"decoder_sparse_step", "head_dim", "max_window_layers", "mlp_only_layers",
                          "moe_intermediate_size", "sliding_window", "use_sliding_window"})
    olmoe.erase(key);
  olmoe["model_type"] = "olmoe";
  olmoe["clip_qkv"] = 8.0;
  const ModelConfig c = parse(olmoe);
  EXPECT_EQ(c.gqa.qk_norm, QkNorm::FullWidth);
  EXPECT_EQ(c.expert_width, 6144);
  EXPECT_DOUBLE_EQ(c.gqa.clip, 8.0);
}

TEST(GpuConfig, KeysThatChangeTheMathematicsAreRefusedByName) {
  EXPECT_THAT(refusal(deepseek_v3(), "hidden_act", "gelu"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal(deepseek_v3(), "attention_bias", true), HasSubstr("attention_bias"));
  EXPECT_THAT(refusal(deepseek_v3(), "moe_layer_freq", 2), HasSubstr("moe_layer_freq"));
  EXPECT_THAT(refusal(deepseek_v3(), "topk_method", "expert_choice"), HasSubstr("topk_method"));
  EXPECT_THAT(refusal(deepseek_v3(), "num_key_value_heads", 8), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(refusal(deepseek_v3(), "logit_soft_cap", 30.0), HasSubstr("logit_soft_cap"));
  EXPECT_THAT(refusal(deepseek_v3(), "rope_scaling", {{"type", "linear"}, {"factor", 2}}),
              HasSubstr("rope_scaling.type"));
  EXPECT_THAT(refusal(deepseek_v3(), "quantization_config", {{"quant_method", "awq"}}),
              HasSubstr("quantization_config.quant_method"));
  EXPECT_THAT(refusal(qwen3(), "mlp_only_layers", {3}), HasSubstr("mlp_only_layers"));
  EXPECT_THAT(refusal(qwen3(), "use_sliding_window", true), HasSubstr("use_sliding_window"));
  EXPECT_THAT(refusal(qwen3(), "decoder_sparse_step", 2), HasSubstr("decoder_sparse_step"));
  EXPECT_THAT(refusal(qwen3(), "model_type", "mixtral"), HasSubstr("mixtral"));
}

TEST(GpuConfig, ImpossibleSizesAreRefusedByName) {
  EXPECT_THAT(refusal(deepseek_v3(), "n_group", 7), HasSubstr("n_group"));
  EXPECT_THAT(refusal(deepseek_v3(), "topk_group", 9), HasSubstr("topk_group"));
  EXPECT_THAT(refusal(deepseek_v3(), "num_experts_per_tok", 200), HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(refusal(deepseek_v3(), "qk_rope_head_dim", 63), HasSubstr("head_dim"));
  EXPECT_THAT(refusal(deepseek_v3(), "hidden_size", -1), HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(deepseek_v3(), "hidden_size", 1e18), HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(deepseek_v3(), "hidden_size", 18446744073709551615U),
              HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(deepseek_v3(), "hidden_size", nullptr), HasSubstr("is missing"));
  EXPECT_THAT(refusal(deepseek_v3(), "rms_norm_eps", "small"), HasSubstr("rms_norm_eps"));
  EXPECT_THAT(refusal(qwen3(), "num_key_value_heads", 5), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(error_of([] { parse_config("{", "c.json"); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of([] { parse_config("[1]", "c.json"); }), HasSubstr("expected a JSON object"));
  EXPECT_THAT(error_of([] { read_config("/nonexistent"); }), HasSubstr("cannot be read"));
}

TEST(GpuConfig, TinyIsWrittenAndReadBack) {
  const ModelConfig tiny = tiny_config();
  EXPECT_EQ(config_json(parse_config(config_json(tiny), "tiny")), config_json(tiny));
  EXPECT_EQ(tiny.moe_layers(), 8);
}

}  // namespace
}  // namespace moescope::runtime
