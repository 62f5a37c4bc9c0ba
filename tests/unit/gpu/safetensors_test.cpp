#include "gpu/model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "gpu/model/weights.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using test::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
/// A file with this header text and `data` zero bytes.
std::string file_of(const std::string& header, std::size_t data) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + std::string(data, '\0');
}
std::string refusal(const std::string& bytes) {
  TempFolder folder;
  write_bytes(folder / "a.safetensors", bytes);
  return error_of([&] { SafetensorsFile file(folder / "a.safetensors"); });
}
template <std::size_t N>
TensorData raw(const std::string& name, DType type, const std::uint8_t (&bytes)[N]) {
  TensorData tensor{name, type, {N / size_of(type)}, std::vector<std::byte>(N)};
  std::memcpy(tensor.bytes.data(), bytes, N);
  return tensor;
}

TEST(GpuSafetensors, WhatIsWrittenIsRead) {
  TempFolder folder;
  const std::vector<float> values = {1.5F, -2, 0, 3e-40F, 5, 6};
  write_safetensors(folder / "a.safetensors",
                    {float_tensor("a", {2, 3}, values),
                     {"none", DType::I64, {0, 4}, {}},
                     {"no floats", DType::F32, {4, 0}, {}}},
                    {{"format", "pt"}});
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  const TensorView& a = file.tensors().at("a");
  EXPECT_THAT(a.shape, ElementsAre(2, 3));
  std::vector<float> read(6);
  to_floats(a, read);
  EXPECT_EQ(read, values);
  EXPECT_EQ(file.tensors().at("none").elements(), 0U);
  EXPECT_NO_THROW(to_floats(file.tensors().at("no floats"), {}));  // a sanitizer looks at the copy
}

TEST(GpuSafetensors, NarrowTypesBecomeTheFloatsTheyStandFor) {
  TempFolder folder;
  write_safetensors(folder / "a.safetensors",
                    {raw("bf16", DType::BF16, {0x80, 0x3F, 0x20, 0xC1}),
                     raw("f16", DType::F16, {0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC, 0xFF, 0x7B}),
                     raw("fp8", DType::F8E4M3, {0x38, 0x7E, 0x01, 0xB8, 0x7F})});
  const SafetensorsFile file(folder / "a.safetensors");
  const auto floats = [&](const char* name) {
    std::vector<float> out(file.tensors().at(name).elements());
    to_floats(file.tensors().at(name), out);
    return out;
  };
  EXPECT_THAT(floats("bf16"), ElementsAre(1.0F, -10.0F));
  EXPECT_THAT(floats("f16"), ElementsAre(1.0F, 0x1p-24F, -INFINITY, 65504.0F));
  const auto fp8 = floats("fp8");
  EXPECT_THAT(std::vector<float>(fp8.begin(), fp8.end() - 1),
              ElementsAre(1.0F, 448.0F, 0x1p-9F, -1.0F));
  EXPECT_TRUE(std::isnan(fp8.back()));
}

TEST(GpuSafetensors, EveryCutIsAnError) {
  TempFolder folder;
  write_safetensors(folder / "a.safetensors", {float_tensor("a", {2}, std::vector<float>{1, 2}),
                                               float_tensor("b", {1}, std::vector<float>{3})});
  const std::string whole = read_bytes(folder / "a.safetensors");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(refusal(whole.substr(0, length)), "") << length;
  EXPECT_THAT(refusal(whole + "x"), HasSubstr("behind the last tensor"));
  EXPECT_EQ(refusal(whole), "");
}

TEST(GpuSafetensors, DamagedHeadersAreRefusedWithTheTensorsName) {
  const auto tensor = [](const std::string& name, const std::string& shape, int begin, int end) {
    return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  EXPECT_THAT(
      refusal(file_of("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[2]", 4, 12) + "}", 12)),
      HasSubstr("overlaps"));
  EXPECT_THAT(
      refusal(file_of("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[2]", 0, 8) + "}", 8)),
      HasSubstr("overlaps"));
  EXPECT_THAT(refusal(file_of("{" + tensor("a", "[1]", 4, 8) + "}", 8)), HasSubstr("gap"));
  EXPECT_THAT(refusal(file_of("{" + tensor("a", "[3]", 0, 8) + "}", 8)),
              HasSubstr("its shape needs 12"));
  EXPECT_THAT(refusal(file_of("{" + tensor("big", "[2]", 0, 800) + "}", 8)), HasSubstr("big"));
  EXPECT_THAT(refusal(file_of("{" + tensor("a", "[4611686018427387904,4]", 0, 8) + "}", 8)),
              HasSubstr("overflows"));
  EXPECT_THAT(refusal(file_of("{" + tensor("a", "[-1]", 0, 8) + "}", 8)),
              HasSubstr("non-negative"));
  EXPECT_THAT(refusal(file_of("{" + tensor("a", "[1]", 8, 4) + "}", 8)), HasSubstr("outside"));
  EXPECT_THAT(
      refusal(file_of("{" + tensor("a", "[1]", 0, 4) + "," + tensor("a", "[1]", 4, 8) + "}", 8)),
      HasSubstr("twice"));
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F3","shape":[1],"data_offsets":[0,4]}})", 4)),
              HasSubstr("F3"));
  EXPECT_THAT(refusal(file_of(R"({"a":7})", 0)), HasSubstr("expected dtype"));
  EXPECT_THAT(refusal(file_of("[]", 0)), HasSubstr("JSON object"));
  EXPECT_THAT(refusal("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}"), HasSubstr("claims"));
}

TEST(GpuSafetensors, ShardsAreFoundThroughTheIndex) {
  TempFolder folder;
  write_safetensors(folder / "one.safetensors", {float_tensor("a", {1}, std::vector<float>{1})});
  write_safetensors(folder / "two.safetensors", {float_tensor("b", {1}, std::vector<float>{2})});
  write_bytes(folder / "model.safetensors.index.json",
              R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors",
                 "d":"gone.safetensors"}})");
  Checkpoint checkpoint(folder.path());
  std::vector<float> value(1);
  to_floats(checkpoint.tensor("b"), value);
  EXPECT_EQ(value[0], 2.0F);
  EXPECT_THAT(error_of([&] { checkpoint.tensor("c"); }), HasSubstr("the index says"));
  EXPECT_THAT(error_of([&] { checkpoint.tensor("d"); }), HasSubstr("gone.safetensors"));
  EXPECT_THAT(error_of([&] { checkpoint.tensor("e"); }), HasSubstr("\"e\""));
  write_bytes(folder / "model.safetensors.index.json",
              R"({"weight_map":{"a":"../one.safetensors"}})");
  EXPECT_THAT(error_of([&] { Checkpoint outside(folder.path()); }), HasSubstr("beside it"));
  TempFolder empty;
  EXPECT_THAT(error_of([&] { Checkpoint none(empty.path()); }), HasSubstr("neither"));
}

TEST(GpuSafetensors, BlockScaledWeightsAreMultipliedByTheirScale) {
  TempFolder folder;
  TensorData weight{"w", DType::F8E4M3, {2, 130}, std::vector<std::byte>(260, std::byte{0x38})};
  write_safetensors(folder / "model.safetensors",
                    {weight, float_tensor("w_scale_inv", {1, 2}, std::vector<float>{2, 5})});
  Checkpoint checkpoint(folder.path());
  CheckpointSource source(checkpoint);
  const Matrix matrix = source.matrix("w", 2, 130);
  EXPECT_EQ(matrix.row(0)[127], 2.0F);
  EXPECT_EQ(matrix.row(1)[128], 5.0F);
}

TEST(GpuWeights, ACheckpointHoldsWhatTheSeedMakes) {
  ModelConfig config = tiny_config();
  config.layers = 3;
  config.experts = 16;
  config.vocab = 40;
  TempFolder folder;
  SeededSource seeded(7);
  write_checkpoint(config, seeded, folder.path(), 3);
  Progress progress;
  const auto model = load_model(folder.path().string(), 0, progress);
  const ModelWeights expected = load_weights(config, seeded, progress);
  EXPECT_EQ(model->weights.embedding.data, expected.embedding.data);
  EXPECT_EQ(model->weights.layers[2].experts[15].data, expected.layers[2].experts[15].data);
  EXPECT_EQ(model->weights.layers[0].mla.kv_b.data, expected.layers[0].mla.kv_b.data);
  SeededSource other(8);
  EXPECT_NE(load_weights(config, other, progress).embedding.data, expected.embedding.data);
}

TEST(GpuWeights, WrongShapesTypesAndValuesAreRefusedByName) {
  TempFolder folder;
  write_safetensors(folder / "model.safetensors",
                    {float_tensor("flat", {4}, std::vector<float>(4)),
                     float_tensor("nan", {1}, std::vector<float>{NAN}),
                     {"ids", DType::I32, {1}, std::vector<std::byte>(4)}});
  Checkpoint checkpoint(folder.path());
  CheckpointSource source(checkpoint);
  EXPECT_THAT(error_of([&] { source.matrix("flat", 2, 2); }),
              HasSubstr("config.json asks for [2, 2]"));
  EXPECT_THAT(error_of([&] { source.matrix("nan", 1, 1); }), HasSubstr("not finite"));
  EXPECT_THAT(error_of([&] { source.matrix("ids", 1, 1); }), HasSubstr("I32"));
  EXPECT_THAT(error_of([&] { source.matrix("absent", 1, 1); }), HasSubstr("absent"));
}

TEST(GpuWeights, AModelThatDoesNotFitTheMemoryIsRefused) {
  ModelConfig config = tiny_config();
  config.expert_width = 1 << 20;
  config.experts = 65536;
  TempFolder folder;
  write_bytes(folder / "config.json", config_json(config));
  Progress progress;
  EXPECT_THAT(error_of([&] { load_model(folder.path().string(), 0, progress); }),
              HasSubstr("of memory are free"));
}

}  // namespace
}  // namespace moescope::runtime
