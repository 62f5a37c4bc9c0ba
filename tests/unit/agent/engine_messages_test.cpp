// What comes from an engine's socket is checked before anything believes it.
#include "core/agent/engine/engine_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace moescope {
namespace {

using nlohmann::json;

const json kHello = json::parse(R"({"t":"hello","protocol":1,"engine":"vllm","version":"0.33.0",
  "plugin":"0.2.0","instance":"vllm0","refuses":null,"mode":"apply","rank":0,"size":2,"ranks":2,
  "layers":1,"slots":4,"experts":3,"moe_layers":null,"pid":12,"hold":false,"passes":5,"epoch":0,
  "crc":7,"ns":1,"recent":[["a-1","installed",""]]})");
const EngineRows kMap = {{0, 1, 2, 0}};

std::optional<RankMessage> parse(const json& header, const std::string& payload = {},
                                 const RankHello* hello = nullptr) {
  EngineFrameReader reader("engine");
  reader.feed(engine_frame(header, payload));
  return parse_rank_message(*reader.next(), hello, "engine");
}
RankHello hello() {
  return std::get<RankHello>(*parse(kHello, map_bytes(kMap)));
}

TEST(EngineMessages, AHelloHasTheWholeState) {
  const RankHello h = hello();
  EXPECT_EQ(h.engine, "vllm");
  EXPECT_EQ(h.mode, EngineMode::Apply);
  EXPECT_EQ(h.map, kMap);
  EXPECT_EQ(h.recent.at(0).state, "installed");
  EXPECT_FALSE(h.moe_layers);
}

TEST(EngineMessages, TheFirstMessageIsAHelloAndNoSecondFollows) {
  EXPECT_THROW(parse({{"t", "alive"}}), Error);
  const RankHello h = hello();
  EXPECT_THROW(parse(kHello, map_bytes(kMap), &h), Error);
}

TEST(EngineMessages, AFieldThatIsWrongIsNamed) {
  const std::pair<const char*, json> wrong[] = {{"rank", 2},
                                                {"rank", -1},
                                                {"size", 0},
                                                {"slots", 3},
                                                {"slots", 1e30},
                                                {"layers", "one"},
                                                {"mode", "rule"},
                                                {"moe_layers", {1}},
                                                {"hold", 1},
                                                {"passes", -4},
                                                {"crc", 1LL << 40},
                                                {"recent", {{"a", "b"}}},
                                                {"engine", std::string(2000, 'x')},
                                                {"moe_layers", json::array()}};
  for (const auto& [name, value] : wrong) {
    json header = kHello;
    header[name] = value;
    try {
      parse(header, map_bytes(kMap));
      ADD_FAILURE() << name << " " << value;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(),
                  testing::AnyOf(testing::HasSubstr(name), testing::HasSubstr("payload")));
    }
    header.erase(name);
    if (std::string(name) == "moe_layers") continue;  // not known yet
    EXPECT_THROW(parse(header, map_bytes(kMap)), Error) << name << " is missing";
  }
}

TEST(EngineMessages, AnotherProtocolIsRefusedByItsNumber) {
  json header = kHello;
  header["protocol"] = 2;
  try {
    parse(header, map_bytes(kMap));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("speaks protocol 2, this agent 1"));
  }
}

TEST(EngineMessages, MapsAndLoadsHaveTheShapeOfTheHello) {
  const RankHello h = hello();
  EXPECT_THROW(parse(kHello, map_bytes({{0, 1, 2, 3}})), Error) << "expert 3 of 3";
  EXPECT_THROW(parse(kHello, map_bytes({{0, 1, 2}})), Error);
  json map = {{"t", "map"}, {"at", 9}, {"id", ""}, {"crc", 1}, {"ms", 0.5}, {"moved", 2}};
  EXPECT_TRUE(std::get<RankMap>(*parse(map, map_bytes(kMap), &h)).map);
  EXPECT_THROW(parse(map, "123", &h), Error);
  EXPECT_THROW(parse(map, "", &h), Error) << "the lead sends its map";
  json loads = {{"t", "loads"}, {"passes", 4}, {"layers", 1}, {"experts", 3}};
  const std::string bytes = std::string("\x05\0\0\0\0\0\0\0", 8) + std::string(16, '\0');
  EXPECT_EQ(std::get<RankLoads>(*parse(loads, bytes, &h)).tokens[0][0], 5U);
  EXPECT_THROW(parse(loads, std::string(24, '\xff'), &h), Error) << "more tokens than can be";
}

TEST(EngineMessages, AKindThatIsNotKnownIsPassedOver) {
  const RankHello h = hello();
  EXPECT_FALSE(parse({{"t", "temperature"}}, "", &h));
}

TEST(EngineFrames, ComeWholeWhateverThePieces) {
  const std::string stream = engine_frame({{"t", "a"}}, "123") + engine_frame({{"t", "b"}});
  EngineFrameReader reader("engine");
  int frames = 0;
  for (const char byte : stream) {
    reader.feed({&byte, 1});
    if (reader.next()) ++frames;
  }
  EXPECT_EQ(frames, 2);
  EXPECT_EQ(reader.held(), 0U);
}

TEST(EngineFrames, WhatIsNoFrameIsRefusedBeforeItIsHeld) {
  const std::string bad[] = {"GET / HTTP/1.1\r\n", std::string("MOES\xff\xff\xff\xff\0\0\0\0", 12),
                             std::string("MOES\0\0\0\0\xff\xff\xff\xff", 12),
                             std::string("MOES\x02\0\0\0\0\0\0\0[]", 14)};
  for (const std::string& bytes : bad) {
    EngineFrameReader reader("engine");
    reader.feed(bytes);
    EXPECT_THROW(reader.next(), Error);
  }
}

}  // namespace
}  // namespace moescope
