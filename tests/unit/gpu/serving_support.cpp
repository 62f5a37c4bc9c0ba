#include "tests/unit/gpu/serving_support.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gpu/compute/local_forward.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime::test {

std::shared_ptr<const Model> served_model() {
  static const auto model = small_model(11);
  return model;
}

EngineOptions small_options() {
  EngineOptions options;
  options.ranks = 8;
  options.nodes = 2;
  options.combine = CombineMode::Ordered;
  options.kv_pages = 12;  // few, so that requests wait for pages
  options.max_tokens = 12;
  options.workload = parse_workload("rate=2000,prompt=2:10,output=1:9,seed=4");
  return options;
}

std::vector<int> greedy(const Request& request) {
  const auto model = served_model();
  LocalForward forward(model, 64, 8);
  KvSequence sequence;
  EXPECT_TRUE(forward.cache().reserve(sequence, 40));
  std::vector<TokenRow> rows;
  for (int t = 0; t < static_cast<int>(request.prompt.size()); ++t) rows.push_back({&sequence, t});
  auto logits = forward.run(request.prompt, rows);
  std::vector<int> output;
  const auto vocab = static_cast<std::ptrdiff_t>(model->config.vocab);
  for (int position = static_cast<int>(rows.size());; ++position) {
    const auto last = logits.end() - vocab;
    output.push_back(static_cast<int>(std::max_element(last, logits.end()) - last));
    if (static_cast<int>(output.size()) == request.output_length) return output;
    logits =
        forward.run(std::vector<int>{output.back()}, std::vector<TokenRow>{{&sequence, position}});
  }
}

}  // namespace moescope::runtime::test
