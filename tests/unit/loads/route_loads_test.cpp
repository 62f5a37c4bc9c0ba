// Routed experts: in arrays that could be counts too, and in the replies of servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "core/error.h"
#include "core/loads/files/base64.h"
#include "core/loads/load_set.h"
#include "core/loads/open/sniff.h"
#include "tests/support/engine_dumps.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace test;

/// Random routes [token][layer][k]; layers below `dense` are zero, as engines leave them.
std::vector<int> random_routes(int tokens, int layers, int k, int experts, int dense = 0) {
  std::mt19937 random(7);
  std::vector<int> ids(static_cast<std::size_t>(experts)), routes;
  std::iota(ids.begin(), ids.end(), 0);
  for (int row = 0; row < tokens * layers; ++row) {
    std::shuffle(ids.begin(), ids.end(), random);
    for (int i = 0; i < k; ++i)
      routes.push_back(row % layers < dense ? 0 : ids[static_cast<std::size_t>(i)]);
  }
  return routes;
}

std::string bytes_of(const std::vector<int>& values, int width) {
  std::string bytes;
  for (const int v : values) bytes += little(static_cast<std::uint32_t>(v), width);
  return bytes;
}

std::string shape_text(int tokens, int layers, int k) {
  return "(" + std::to_string(tokens) + ", " + std::to_string(layers) + ", " + std::to_string(k) +
         ")";
}

class RouteLoads : public testing::Test {
 protected:
  LoadSet read(const std::string& bytes, const LoadReading& reading = {},
               const std::string& name = "loads") {
    write_bytes(folder_ / name, bytes);
    return read_loads(folder_ / name, progress_, reading);
  }
  std::string error(const std::string& bytes, const LoadReading& reading = {}) {
    try {
      read(bytes, reading);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
  TempFolder folder_;
  Progress progress_;
};

LoadReading as(LoadReading::Arrays arrays) {
  LoadReading reading;
  reading.arrays = arrays;
  return reading;
}

TEST_F(RouteLoads, ArraysOfRoutesAreReadAsSuchInEveryType) {
  const auto routes = random_routes(80, 3, 4, 32);
  for (const auto& [type, width] : {std::pair{"|u1", 1}, {"<u2", 2}, {"<i2", 2}, {"<i4", 4}}) {
    const auto loads = read(npy_file(type, shape_text(80, 3, 4), bytes_of(routes, width)));
    EXPECT_EQ(loads.format, "routes (NPY)") << type;
    EXPECT_EQ(loads.routes.tokens(), 80U) << type;
    EXPECT_EQ(loads.top_k, 4);
    EXPECT_TRUE(std::equal(routes.begin(), routes.end(), loads.routes.experts.begin()));
    EXPECT_THAT(loads.notes, Contains(HasSubstr("read as routes")));
  }
}

TEST_F(RouteLoads, WhatCouldBeEitherIsAsked) {
  const auto small = npy_file("<i4", "(2, 1, 2)", int32_bytes({1, 2, 3, 4}));
  EXPECT_THAT(error(small), HasSubstr("as counts or as routes"));
  EXPECT_THAT(read(small, as(LoadReading::Arrays::Counts)).windows,
              ElementsAre(LayerLoads{{1, 2}}, LayerLoads{{3, 4}}));
  const auto routes = read(small, as(LoadReading::Arrays::Routes));
  EXPECT_EQ(routes.routes.tokens(), 2U);
  EXPECT_EQ(routes.experts, 5);
  // The same bytes as a tensor.
  write_bytes(folder_ / "t.pt",
              torch_archive(pickled(p_tensor("0", {2, 1, 2})), {int32_bytes({1, 2, 3, 4})}));
  EXPECT_THROW(read_loads(folder_ / "t.pt", progress_), Error);
}

TEST_F(RouteLoads, CountsStayCounts) {
  // Counts repeat numbers sooner or later, and wide rows are no choice of experts.
  std::mt19937 random(3);
  std::vector<int> counts;
  for (int i = 0; i < 200 * 8; ++i) counts.push_back(static_cast<int>(random() % 60));
  EXPECT_EQ(read(npy_file("<i4", "(20, 10, 8)", int32_bytes(counts))).windows.size(), 20U);
  std::vector<int> wide(128);
  std::iota(wide.begin(), wide.end(), 0);
  EXPECT_EQ(read(npy_file("<i4", "(1, 1, 128)", int32_bytes(wide))).experts, 128);
  EXPECT_EQ(read(npy_file("<i4", "(1, 2, 2)", int32_bytes({40000, 1, 2, 3}))).windows.size(), 1U);
  EXPECT_EQ(read(npy_file("<i8", "(1, 1, 2)", int64_bytes({1, 2}))).windows.size(), 1U);
  // Experts of very different loads never repeat a number; that is no sign of routes.
  std::vector<int> apart;
  for (int w = 0; w < 100; ++w)
    for (int e = 0; e < 4; ++e) apart.push_back(100 * e + w % 50);
  EXPECT_THAT(error(npy_file("<i4", "(100, 1, 4)", int32_bytes(apart))), HasSubstr("could be"));
}

TEST_F(RouteLoads, RoutesThatCannotBeAreRefusedWithTheirPlace) {
  const auto reading = as(LoadReading::Arrays::Routes);
  EXPECT_THAT(error(npy_file("<i4", "(2, 2, 2)", int32_bytes({0, 1, 2, 3, 4, 5, 6, 6})), reading),
              HasSubstr("token 1, layer 1: expert 6 stands twice"));
  EXPECT_THAT(error(npy_file("<i4", "(1, 2, 3)", int32_bytes({0, 1, 2, 3, 4, 3})), reading),
              HasSubstr("token 0, layer 1"));
  EXPECT_NE(error(npy_file("<i4", "(1, 1, 2)", int32_bytes({0, -2})), reading), "");
  EXPECT_NE(error(npy_file("<f4", "(1, 1, 2)", std::string(8, '\x41')), reading), "");
  LoadReading few = reading;
  few.experts = 3;
  EXPECT_THAT(error(npy_file("<i4", "(1, 1, 2)", int32_bytes({0, 5})), few),
              HasSubstr("names expert 5"));
}

TEST_F(RouteLoads, DenseLayersHaveNoRoutes) {
  const auto loads =
      read(npy_file("|u1", shape_text(50, 4, 3), bytes_of(random_routes(50, 4, 3, 16, 1), 1)));
  EXPECT_THAT(loads.layer_ids, ElementsAre(1, 2, 3));
  EXPECT_EQ(loads.routes.layers, 3);
  EXPECT_EQ(loads.windows[0].size(), 3U);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("1 of 4 layers have no router")));
}

TEST_F(RouteLoads, TokensThatWereNotComputedHaveNoRoutes) {
  auto routes = random_routes(50, 2, 3, 16);
  std::fill(routes.begin(), routes.begin() + 12, 0);  // two tokens of a cached prefix
  const auto loads = read(npy_file("|u1", shape_text(50, 2, 3), bytes_of(routes, 1)));
  EXPECT_EQ(loads.layers(), 2);
  EXPECT_EQ(loads.routes.experts[0], -1);
  double tokens = 0;
  for (const double v : loads.windows[0][0]) tokens += v;
  EXPECT_EQ(tokens, 48 * 3);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("4 times a layer has no route")));
}

// ---- replies

std::string sglang_reply(const std::vector<int>& routes, int prompt, int completion) {
  return R"({"text":"x","meta_info":{"id":"a","prompt_tokens":)" + std::to_string(prompt) +
         R"(,"completion_tokens":)" + std::to_string(completion) + R"(,"routed_experts":")" +
         base64_text(int32_bytes(routes)) + "\"}}";
}

std::string vllm_choice(const std::string& npy) {
  return R"({"index":0,"message":{"content":"routed_experts"},"routed_experts":")" +
         base64_text(npy) + "\"}";
}

TEST_F(RouteLoads, SglangRepliesAreCutInTheOneWayThatCanBe) {
  const auto routes = random_routes(60, 6, 4, 32, 2);
  const auto loads = read(sglang_reply(routes, 40, 21));
  EXPECT_EQ(loads.format, "routes (SGLang reply)");
  EXPECT_EQ(loads.top_k, 4);
  EXPECT_THAT(loads.layer_ids, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(loads.routes.tokens(), 60U);
  EXPECT_EQ(sniff_load_input(folder_ / "loads"), LoadInput::Loads);
  // Of a batch, each is a window.
  const auto batch =
      read("[" + sglang_reply(routes, 40, 21) + "," + sglang_reply(routes, 59, 2) + "]");
  EXPECT_EQ(batch.windows.size(), 2U);
  EXPECT_EQ(batch.routes.tokens(), 120U);
  const auto lines = read(sglang_reply(routes, 40, 21) + "\n" + sglang_reply(routes, 59, 2) + "\n");
  EXPECT_EQ(lines.windows, batch.windows);
}

TEST_F(RouteLoads, AShortSglangReplyIsAskedForItsShape) {
  const auto reply = sglang_reply(random_routes(2, 3, 4, 64), 2, 1);
  EXPECT_THAT(error(reply), HasSubstr("1, 2, 3, 4 experts in each layer"));
  LoadReading reading;
  reading.top_k = 4;
  EXPECT_EQ(read(reply, reading).routes.layers, 3);
  reading.top_k.reset();
  reading.layers = 3;
  EXPECT_EQ(read(reply, reading).top_k, 4);
  reading.layers = 5;
  EXPECT_NE(error(reply, reading), "");
}

TEST_F(RouteLoads, AReplyFromALaterTokenOnNeedsItsWholeShape) {
  const auto routes = random_routes(10, 3, 4, 64);  // of 50 tokens the last ten
  EXPECT_THAT(error(sglang_reply(routes, 40, 11)), HasSubstr("routed_experts_start_len"));
  LoadReading reading;
  reading.top_k = 4;
  reading.layers = 3;
  EXPECT_EQ(read(sglang_reply(routes, 40, 11), reading).routes.tokens(), 10U);
}

TEST_F(RouteLoads, TheOpenAiFormHasItsTokensInUsage) {
  const auto routes = random_routes(60, 6, 4, 32);
  const auto loads =
      read(R"({"choices":[{"message":{"content":"x"}}],"sglext":{"routed_experts":")" +
           base64_text(int32_bytes(routes)) +
           R"("},"usage":{"prompt_tokens":40,"completion_tokens":21}})");
  EXPECT_EQ(loads.top_k, 4);
}

TEST_F(RouteLoads, VllmRepliesCarryAnArrayForEachChoice) {
  const auto npy = npy_file("|u1", shape_text(30, 2, 4), bytes_of(random_routes(30, 2, 4, 64), 1));
  const auto loads = read(R"({"choices":[)" + vllm_choice(npy) + "," + vllm_choice(npy) + "]}");
  EXPECT_EQ(loads.format, "routes (vLLM reply)");
  EXPECT_EQ(loads.windows.size(), 2U);
  EXPECT_EQ(loads.routes.tokens(), 60U);
  const auto other = npy_file("|u1", "(1, 1, 2)", std::string("\1\2", 2));
  EXPECT_THAT(error(R"({"choices":[)" + vllm_choice(npy) + "," + vllm_choice(other) + "]}"),
              HasSubstr("another shape"));
}

TEST_F(RouteLoads, BrokenRepliesAreErrors) {
  for (const char* text :
       {R"({"routed_experts":"%%%"})", R"({"routed_experts":"AAAA"})", R"({"routed_experts":""})",
        R"({"routed_experts":null})", R"({"routed_experts":"AAAAAA"})",
        R"({"meta_info":{"prompt_tokens":-1,"completion_tokens":2,"routed_experts":"AAAAAA=="}})",
        R"({"meta_info":{"prompt_tokens":1,"completion_tokens":1,"routed_experts":"AAAAAAA"}})",
        R"({"routed_experts":"k05VTVBZAQ=="})", R"({"routed_experts":"AAAAAA==")"})
    EXPECT_NE(error(text), "") << text;
  EXPECT_NE(error(R"({"routed_experts":)" + std::string(100000, '[')), "");
}

TEST(Base64, OfKnownTexts) {
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zg"), "f");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_FALSE(decode_base64("Zm9v!"));
  EXPECT_FALSE(decode_base64("Z"));
  EXPECT_EQ(decode_base64(base64_text(std::string("\0\xff\x80", 3))), std::string("\0\xff\x80", 3));
}

}  // namespace
}  // namespace moescope
