// The weights of a model as matrices of float, from a checkpoint or from a seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/progress.h"
#include "gpu/model/config.h"
#include "gpu/model/matrix.h"
#include "gpu/model/safetensors.h"

namespace moescope::runtime {

/// The weights of one MLP in one piece, as they travel between ranks.
struct Mlp {
  int width = 0, hidden = 0;
  std::vector<float> data;  ///< gate, up, down; empty: there is no such MLP
  operator MlpView() const { return {width, hidden, data.data()}; }
};

struct MlaWeights {
  Matrix q_a, q_a_norm, q_b;  ///< q_a and q_a_norm are empty when the query is not compressed
  Matrix kv_a, kv_a_norm, kv_b, o;
};

struct GqaWeights {
  Matrix q, k, v, o, q_norm, k_norm;
};

struct LayerWeights {
  Matrix attention_norm, mlp_norm;
  MlaWeights mla;
  GqaWeights gqa;
  bool moe = false;
  Mlp dense;           ///< when not moe
  Matrix router;       ///< [experts, hidden]
  Matrix router_bias;  ///< [1, experts], empty when the gate has none
  Mlp shared;          ///< all shared experts fused into one MLP
  std::vector<Mlp> experts;
};

struct ModelWeights {
  Matrix embedding, final_norm;
  Matrix head;  ///< empty when it is tied to the embedding
  std::vector<LayerWeights> layers;
  const Matrix& output_head() const { return head.data.empty() ? embedding : head; }
};

/// Where matrices come from.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Matrix `name` of exactly this shape; one-dimensional tensors have rows = 1. Throws Error.
  virtual Matrix matrix(const std::string& name, int rows, int cols) = 0;
};

/// Reads tensors of a checkpoint, block-scaled FP8 included. Throws Error on a missing tensor, a
/// wrong shape, an element that is not a number.
class CheckpointSource final : public WeightSource {
 public:
  explicit CheckpointSource(Checkpoint& checkpoint) : checkpoint_(checkpoint) {}
  Matrix matrix(const std::string& name, int rows, int cols) override;

 private:
  void descale(const std::string& name, Matrix& matrix);
  Checkpoint& checkpoint_;
};

/// The same numbers for the same seed and name on every machine.
class SeededSource final : public WeightSource {
 public:
  explicit SeededSource(std::uint64_t seed) : seed_(seed) {}
  Matrix matrix(const std::string& name, int rows, int cols) override;

 private:
  std::uint64_t seed_;
};

/// Collects every weight of a model under its Hugging Face name. Throws Error, Cancelled.
ModelWeights load_weights(const ModelConfig& config, WeightSource& source, Progress& progress);

/// A model ready to run.
struct Model {
  ModelConfig config;
  ModelWeights weights;
  std::string name;  ///< what the user asked for
};

/// Of "tiny", "tiny-lite" or the config.json of a folder. Throws Error.
ModelConfig model_config(const std::string& what);

/// `what` is "tiny" or "tiny-lite" (seeded) or a folder with config.json and safetensors. Refuses a
/// model whose weights as float do not fit the free memory before it reads any of them. Throws
/// Error, Cancelled.
std::shared_ptr<const Model> load_model(const std::string& what, std::uint64_t seed,
                                        Progress& progress);

/// Writes the weights that `source` gives `config` as a checkpoint folder that load_model() reads,
/// split into `shards` files. Throws Error.
void write_checkpoint(const ModelConfig& config, WeightSource& source,
                      const std::filesystem::path& folder, int shards = 1);

}  // namespace moescope::runtime
