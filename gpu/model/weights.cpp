#include "gpu/model/weights.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "gpu/model/host_limits.h"

namespace moescope::runtime {
namespace {

constexpr int kScaleBlock = 128;

std::uint64_t mix(std::uint64_t x) {  // SplitMix64 (Steele, Lea, Flood 2014)
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(const std::string& text) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3U;
  return hash;
}

/// Close to normal with variance 1: the sum of twelve uniform numbers, so that no library
/// function decides the digits.
float normal(std::uint64_t& state) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) {
    state = mix(state);
    sum += static_cast<double>(state >> 11) * 0x1p-53;
  }
  return static_cast<float>(sum);
}

bool ends_with(const std::string& text, std::string_view tail) {
  return text.size() >= tail.size() &&
         text.compare(text.size() - tail.size(), tail.size(), tail) == 0;
}

class Loader {
 public:
  Loader(const ModelConfig& config, WeightSource& source) : c_(config), source_(source) {}

  LayerWeights layer(int index) {
    prefix_ = fmt::format("model.layers.{}.", index);
    LayerWeights layer;
    layer.attention_norm = get("input_layernorm.weight", 1, c_.hidden);
    layer.mlp_norm = get("post_attention_layernorm.weight", 1, c_.hidden);
    if (c_.attention == AttentionKind::Mla)
      layer.mla = mla();
    else
      layer.gqa = gqa();
    layer.moe = index >= c_.dense_layers;
    if (!layer.moe) {
      layer.dense = mlp("mlp.", c_.dense_width);
      return layer;
    }
    layer.router = get("mlp.gate.weight", c_.experts, c_.hidden);
    if (c_.gate.bias) layer.router_bias = get("mlp.gate.e_score_correction_bias", 1, c_.experts);
    if (c_.shared_experts > 0) layer.shared = mlp("mlp.shared_experts.", c_.shared_width());
    for (int e = 0; e < c_.experts; ++e)
      layer.experts.push_back(mlp(fmt::format("mlp.experts.{}.", e), c_.expert_width));
    return layer;
  }

 private:
  Matrix get(const std::string& name, int rows, int cols) {
    return source_.matrix(prefix_ + name, rows, cols);
  }
  Mlp mlp(const std::string& name, int width) {
    Mlp result{width, c_.hidden, {}};
    result.data.reserve(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(c_.hidden));
    const auto append = [&](const char* part, int rows, int cols) {
      const Matrix matrix = get(name + part, rows, cols);
      result.data.insert(result.data.end(), matrix.data.begin(), matrix.data.end());
    };
    append("gate_proj.weight", width, c_.hidden);
    append("up_proj.weight", width, c_.hidden);
    append("down_proj.weight", c_.hidden, width);
    return result;
  }
  MlaWeights mla() {
    const MlaShape& m = c_.mla;
    const int q_width = c_.heads * (m.nope_dim + m.rope_dim);
    MlaWeights w;
    if (m.q_rank > 0) {
      w.q_a = get("self_attn.q_a_proj.weight", m.q_rank, c_.hidden);
      w.q_a_norm = get("self_attn.q_a_layernorm.weight", 1, m.q_rank);
      w.q_b = get("self_attn.q_b_proj.weight", q_width, m.q_rank);
    } else {
      w.q_b = get("self_attn.q_proj.weight", q_width, c_.hidden);
    }
    w.kv_a = get("self_attn.kv_a_proj_with_mqa.weight", m.kv_rank + m.rope_dim, c_.hidden);
    w.kv_a_norm = get("self_attn.kv_a_layernorm.weight", 1, m.kv_rank);
    w.kv_b = get("self_attn.kv_b_proj.weight", c_.heads * (m.nope_dim + m.v_dim), m.kv_rank);
    w.o = get("self_attn.o_proj.weight", c_.hidden, c_.heads * m.v_dim);
    return w;
  }
  GqaWeights gqa() {
    const int q_width = c_.heads * c_.gqa.head_dim, kv_width = c_.gqa.kv_heads * c_.gqa.head_dim;
    const bool full = c_.gqa.qk_norm == QkNorm::FullWidth;
    GqaWeights w;
    w.q = get("self_attn.q_proj.weight", q_width, c_.hidden);
    w.k = get("self_attn.k_proj.weight", kv_width, c_.hidden);
    w.v = get("self_attn.v_proj.weight", kv_width, c_.hidden);
    w.o = get("self_attn.o_proj.weight", c_.hidden, q_width);
    if (c_.gqa.qk_norm == QkNorm::None) return w;
    w.q_norm = get("self_attn.q_norm.weight", 1, full ? q_width : c_.gqa.head_dim);
    w.k_norm = get("self_attn.k_norm.weight", 1, full ? kv_width : c_.gqa.head_dim);
    return w;
  }

  const ModelConfig& c_;
  WeightSource& source_;
  std::string prefix_;
};

/// Keeps what it hands out, to write it.
class CollectingSource final : public WeightSource {
 public:
  CollectingSource(WeightSource& source, std::vector<TensorData>& tensors)
      : source_(source), tensors_(tensors) {}
  Matrix matrix(const std::string& name, int rows, int cols) override {
    Matrix result = source_.matrix(name, rows, cols);
    std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(cols)};
    if (rows != 1 || ends_with(name, "_proj.weight"))
      shape.insert(shape.begin(), static_cast<std::uint64_t>(rows));
    tensors_.push_back(float_tensor(name, std::move(shape), result.data));
    return result;
  }

 private:
  WeightSource& source_;
  std::vector<TensorData>& tensors_;
};

}  // namespace

MlpView::MlpView(int width, int hidden, const float* data) {
  const auto matrix = static_cast<std::ptrdiff_t>(width) * hidden;
  gate = {width, hidden, data};
  up = {width, hidden, data + matrix};
  down = {hidden, width, data + 2 * matrix};
}

Matrix CheckpointSource::matrix(const std::string& name, int rows, int cols) {
  const TensorView& tensor = checkpoint_.tensor(name);
  const std::string source = checkpoint_.folder().string(), place = "tensor \"" + name + "\"";
  if (!is_floating(tensor.type))
    throw Error(source, place,
                std::string("has type ") + to_string(tensor.type) + ", expected floating numbers");
  const auto r = static_cast<std::uint64_t>(rows), c = static_cast<std::uint64_t>(cols);
  const bool fits =
      tensor.shape == std::vector{r, c} || (rows == 1 && tensor.shape == std::vector{c});
  if (!fits)
    throw Error(source, place,
                fmt::format("has shape [{}], config.json asks for [{}, {}]",
                            fmt::join(tensor.shape, ", "), rows, cols));
  Matrix matrix{rows, cols, std::vector<float>(tensor.elements())};
  to_floats(tensor, matrix.data);
  if (tensor.type == DType::F8E4M3) descale(name, matrix);
  for (const float value : matrix.data)
    if (!std::isfinite(value)) throw Error(source, place, "holds a value that is not finite");
  return matrix;
}

void CheckpointSource::descale(const std::string& name, Matrix& matrix) {
  const int rows = (matrix.rows + kScaleBlock - 1) / kScaleBlock;
  const int cols = (matrix.cols + kScaleBlock - 1) / kScaleBlock;
  const Matrix scale = this->matrix(name + "_scale_inv", rows, cols);
  for (int r = 0; r < matrix.rows; ++r) {
    float* row = matrix.data.data() + static_cast<std::size_t>(r) * matrix.cols;
    for (int c = 0; c < matrix.cols; ++c) row[c] *= scale.row(r / kScaleBlock)[c / kScaleBlock];
  }
}

Matrix SeededSource::matrix(const std::string& name, int rows, int cols) {
  Matrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows) * cols)};
  std::uint64_t state = mix(seed_ ^ hash_of(name));
  const bool norm = ends_with(name, "norm.weight"), bias = ends_with(name, "correction_bias");
  float scale = 1.0F / std::sqrt(static_cast<float>(cols));
  if (name == "model.embed_tokens.weight") scale = 1.0F;
  for (float& value : matrix.data) {
    value = normal(state);
    if (norm)
      value = 1.0F + 0.1F * value;
    else if (bias)
      value = 0.02F * std::abs(value);
    else
      value *= scale;
  }
  return matrix;
}

ModelWeights load_weights(const ModelConfig& config, WeightSource& source, Progress& progress) {
  ModelWeights weights;
  weights.embedding = source.matrix("model.embed_tokens.weight", config.vocab, config.hidden);
  Loader loader(config, source);
  for (int layer = 0; layer < config.layers; ++layer) {
    progress.report(static_cast<double>(layer) / config.layers, "loading weights");
    weights.layers.push_back(loader.layer(layer));
  }
  weights.final_norm = source.matrix("model.norm.weight", 1, config.hidden);
  if (!config.tied_embeddings)
    weights.head = source.matrix("lm_head.weight", config.vocab, config.hidden);
  return weights;
}

ModelConfig model_config(const std::string& what) {
  if (what == "tiny") return tiny_config();
  if (what == "tiny-lite") return tiny_lite_config();
  return read_config(what);
}

std::shared_ptr<const Model> load_model(const std::string& what, std::uint64_t seed,
                                        Progress& progress) {
  auto model = std::make_shared<Model>();
  model->name = what;
  model->config = model_config(what);
  if (what == "tiny" || what == "tiny-lite") {
    SeededSource source(seed);
    model->weights = load_weights(model->config, source, progress);
    return model;
  }
  const double needed = model->config.weight_bytes();
  const double available = host_limits().memory;
  if (needed > available)
    throw Error(what, "config.json",
                fmt::format("its weights need {:.1f} GB as float, {:.1f} GB of memory are free",
                            needed / 1e9, available / 1e9),
                "use a smaller model on the CPU");
  Checkpoint checkpoint(what);
  CheckpointSource source(checkpoint);
  model->weights = load_weights(model->config, source, progress);
  return model;
}

void write_checkpoint(const ModelConfig& config, WeightSource& source,
                      const std::filesystem::path& folder, int shards) {
  std::vector<TensorData> tensors;
  CollectingSource collecting(source, tensors);
  Progress progress;
  load_weights(config, collecting, progress);
  std::filesystem::create_directories(folder);
  nlohmann::ordered_json map = nlohmann::ordered_json::object();
  for (int shard = 0; shard < shards; ++shard) {
    const auto begin = tensors.size() * static_cast<std::size_t>(shard) / shards;
    const auto end = tensors.size() * static_cast<std::size_t>(shard + 1) / shards;
    const std::string file =
        shards == 1 ? std::string("model.safetensors")
                    : fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, shards);
    for (auto i = begin; i < end; ++i) map[tensors[i].name] = file;
    write_safetensors(
        folder / file,
        {std::make_move_iterator(tensors.begin() + static_cast<std::ptrdiff_t>(begin)),
         std::make_move_iterator(tensors.begin() + static_cast<std::ptrdiff_t>(end))});
  }
  const auto write_text = [&](const char* name, const std::string& text) {
    std::ofstream out(folder / name, std::ios::binary);
    out << text;
    if (!out.flush()) throw Error((folder / name).string(), "", "cannot be written");
  };
  if (shards > 1)
    write_text("model.safetensors.index.json",
               nlohmann::ordered_json{{"weight_map", map}}.dump(1) + "\n");
  write_text("config.json", config_json(config));
}

}  // namespace moescope::runtime
