// TensorRT-LLM's YAML from hostile hands: refused by its form, before the parser works on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/placement/engines/engine.h"
#include "tests/support/engine_forms.h"

namespace moescope {
namespace {

std::string error_of(const std::string& text) {
  try {
    import_plan(text, test::form("trtllm"), {2, 1, 1}, "plan.yaml");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(PlanYaml, DeepNestingIsRefusedBeforeItIsParsed) {
  using testing::HasSubstr;
  EXPECT_THAT(error_of(std::string(6 << 20, '[')), HasSubstr("nested deeper than a placement"));
  std::string maps;
  while (maps.size() < (5 << 20)) maps += "{a: ";
  EXPECT_THAT(error_of(maps), HasSubstr("nested deeper than a placement"));
  EXPECT_THAT(error_of("num_slots: 2\ninitial_global_assignments: {3: [[[[[0]]]]]}"),
              HasSubstr("byte 48"));
  EXPECT_THAT(error_of(std::string(24 << 20, ' ')), HasSubstr("larger than 8 MiB"));
  EXPECT_EQ(error_of("num_slots: 2\ninitial_global_assignments: {3: [0, 1], 4: [1, 0]}"), "");
}

}  // namespace
}  // namespace moescope
