#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime::test {

std::shared_ptr<const Model> small_model(std::uint64_t seed) {
  auto made = std::make_shared<Model>();
  made->config = tiny_config();
  made->config.layers = 3;
  made->config.dense_layers = 1;
  made->config.experts = 16;
  made->config.gate.groups = 4;
  made->config.gate.top_groups = 2;
  made->config.top_k = 4;
  made->config.vocab = 96;
  SeededSource source(seed);
  Progress progress;
  made->weights = load_weights(made->config, source, progress);
  return made;
}

}  // namespace moescope::runtime::test
