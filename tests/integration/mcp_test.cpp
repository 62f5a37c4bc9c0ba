// moescope mcp: the protocol, what it refuses, and answers that are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "core/loads/files/base64.h"
#include "tests/support/data.h"
#include "tests/support/mcp_client.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::McpClient;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using Json = nlohmann::json;
namespace fs = std::filesystem;

const std::string kSamples = std::string(MOESCOPE_SOURCE_DIR) + "/sample-traces";

/// A folder that may be read and one that may not.
class Mcp : public testing::Test {
 protected:
  Mcp() {
    fs::create_directories(root() / "inner");
    write("loads.json", R"({"0":{"0":4,"1":2,"2":1,"3":1}})");
    write(
        "plan.json",
        R"({"schema":1,"num_gpus":2,"num_nodes":1,"num_groups":1,"physical_to_logical_map":[[0,1,2,3]]})");
    // 100 us of GEMM, and 100 us of all-reduce of which the second half is exposed.
    write(
        "inner/rank0.json",
        R"({"traceEvents":[)"
        R"({"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":0,"dur":100,"args":{"device":0,"stream":7}},)"
        R"({"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":8,"ts":50,"dur":100,"args":{"device":0,"stream":8}}]})");
    std::ofstream(folder_ / "secret.json") << R"({"0":{"0":9}})";
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(root() / name) << text;
  }
  fs::path root() const { return folder_ / "root"; }
  fs::path outside() const { return folder_ / "secret.json"; }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--root", root().string()});
    return more;
  }
  static std::string text_of(const Json& result) {
    return result.contains("content") ? result["content"][0].value("text", "") : result.dump();
  }

 private:
  test::TempFolder folder_;
};

TEST_F(Mcp, InitializesWithAVersionThatBothKnow) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    McpClient client(arguments());
    const auto answer = client.initialize(version);
    EXPECT_EQ(answer["result"]["protocolVersion"], version);
    EXPECT_EQ(answer["result"]["serverInfo"]["name"], "moescope");
    EXPECT_TRUE(answer["result"]["capabilities"].contains("tools"));
    EXPECT_EQ(client.finish(), 0);
  }
  McpClient client(arguments());
  EXPECT_EQ(client.initialize("1999-01-01")["result"]["protocolVersion"], "2025-11-25");
}

TEST_F(Mcp, ListsToolsWithSchemasThatAllowNothingElse) {
  McpClient client(arguments());
  client.initialize();
  std::set<std::string> names;
  const auto answer = client.request("tools/list");
  for (const auto& tool : answer["result"]["tools"]) {
    names.insert(tool["name"].get<std::string>());
    EXPECT_EQ(tool["inputSchema"]["type"], "object");
    EXPECT_EQ(tool["inputSchema"]["additionalProperties"], false);
    EXPECT_EQ(tool["annotations"]["readOnlyHint"], true);
    for (const auto& required : tool["inputSchema"]["required"])
      EXPECT_TRUE(tool["inputSchema"]["properties"].contains(required.get<std::string>()));
    for (const auto& property : tool["inputSchema"]["properties"])
      EXPECT_NE(property.value("description", ""), "") << tool["name"];
  }
  EXPECT_THAT(names,
              IsSupersetOf({"files", "info", "analyze", "steps", "sql", "sql_schema", "compare",
                            "loads", "plan_evaluate", "plan_advise", "plan_bounds", "simulate"}));
}

TEST_F(Mcp, WantsInitializeFirstButAnswersPings) {
  McpClient client(arguments());
  EXPECT_EQ(client.request("tools/list")["error"]["code"], -32600);
  EXPECT_EQ(client.request("ping")["result"], Json::object());
  EXPECT_EQ(client.request("initialize")["error"]["code"], -32602);
}

TEST_F(Mcp, BadMessagesAreAnsweredAndTheNextOnesRead) {
  McpClient client(arguments());
  client.initialize();
  const auto error_for = [&](const std::string& line) {
    client.send_text(line + "\n");
    return client.receive()["error"]["code"];
  };
  EXPECT_EQ(error_for("no json"), -32700);
  EXPECT_EQ(error_for("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/l"), -32700);
  EXPECT_EQ(error_for("[]"), -32600);
  EXPECT_EQ(error_for(R"({"id":1,"method":"ping"})"), -32600);
  EXPECT_EQ(error_for(R"({"jsonrpc":"2.0","id":[1],"method":"ping"})"), -32600);
  EXPECT_EQ(error_for(R"({"jsonrpc":"2.0","id":1,"method":7})"), -32600);
  EXPECT_EQ(error_for(R"({"jsonrpc":"2.0","id":1,"method":"resources/list"})"), -32601);
  EXPECT_EQ(error_for(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]})"), -32602);
  EXPECT_EQ(error_for(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}})"),
            -32602);
  EXPECT_EQ(error_for(std::string(100'000, '[')), -32700);
  EXPECT_EQ(error_for(std::string((1 << 20) + 1, 'x')), -32600);
  EXPECT_EQ(error_for("\"\xff\xfe\""), -32700);
  client.send_text("\r\n\n");
  client.send({{"jsonrpc", "2.0"}, {"method", "notifications/unknown"}});
  client.send({{"jsonrpc", "2.0"}, {"id", 5}, {"result", Json::object()}});
  EXPECT_EQ(client.request("ping")["result"], Json::object());
  EXPECT_EQ(client.finish(), 0);
}

TEST_F(Mcp, AnswersAllBeforeTheEndOfTheInput) {
  McpClient client(arguments());
  client.initialize();
  client.send_text(
      R"({"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"info","arguments":{"files":["inner"]}}})"
      "\n"
      R"({"jsonrpc":"2.0","id":"b","method":"tools/list"})");
  std::thread end([&] { client.finish(); });
  EXPECT_EQ(client.receive()["id"], "a");
  EXPECT_EQ(client.receive()["id"], "b");
  end.join();
}

TEST_F(Mcp, ReadsOnlyBelowItsRoots) {
  fs::create_symlink(outside(), root() / "link.json");
  fs::create_directory_symlink(root().parent_path(), root() / "up");
  fs::create_directories(root() / "mixed");
  fs::create_symlink(outside(), root() / "mixed" / "loads.json");
  fs::create_symlink(root() / "loads.json", root() / "fine.json");
  McpClient client(arguments());
  client.initialize();
  for (const std::string& path :
       {outside().string(), std::string("../secret.json"), std::string("link.json"),
        std::string("up/secret.json"), std::string("inner/../../secret.json"),
        std::string("/etc/passwd"), std::string("missing.json"), std::string(""),
        std::string("/proc/self/environ")}) {
    const auto result = client.call("loads", {{"files", {path}}});
    EXPECT_EQ(result["isError"], true) << path;
    EXPECT_THAT(text_of(result), HasSubstr("folders that may be read")) << path;
  }
  // What opening a folder would read as well.
  EXPECT_EQ(client.call("info", {{"files", {"mixed"}}})["isError"], true);
  EXPECT_EQ(client.call("loads", {{"files", {"fine.json"}}})["isError"], false);
  fs::create_symlink(outside(), root() / "inner" / "rank0.json.notes.json");
  EXPECT_EQ(client.call("info", {{"files", {"inner/rank0.json"}}})["isError"], true);
  const auto listed = client.document("files").dump();
  EXPECT_THAT(listed, HasSubstr("fine.json"));
  EXPECT_THAT(listed, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(listed, testing::Not(HasSubstr("link.json")));
}

TEST_F(Mcp, ArgumentsAreChecked) {
  McpClient client(arguments());
  client.initialize();
  const auto problem = [&](const std::string& tool, const Json& with) {
    const auto result = client.call(tool, with);
    EXPECT_EQ(result["isError"], true) << with;
    return text_of(result);
  };
  EXPECT_THAT(problem("info", Json::object()), HasSubstr("is missing"));
  EXPECT_THAT(problem("info", {{"files", "inner"}}), HasSubstr("list"));
  EXPECT_THAT(problem("info", {{"files", Json::array()}}), HasSubstr("list"));
  EXPECT_THAT(problem("info", {{"files", {7}}}), HasSubstr("not a text"));
  EXPECT_THAT(problem("info", {{"files", {std::string("loads.json\0x", 12)}}}),
              HasSubstr("zero byte"));
  EXPECT_THAT(problem("info", {{"files", {"inner"}}, {"output", "x"}}), HasSubstr("no argument"));
  EXPECT_THAT(problem("analyze", {{"files", {"inner"}}, {"from_ns", -1}}),
              HasSubstr("whole number"));
  EXPECT_THAT(problem("analyze", {{"files", {"inner"}}, {"from_ns", 1e300}}),
              HasSubstr("whole number"));
  EXPECT_THAT(problem("analyze", {{"files", {"inner"}}, {"from_ns", 18446744073709551615ULL}}),
              HasSubstr("whole number"));
  EXPECT_THAT(problem("loads", {{"files", {"loads.json"}}, {"window", "1:2 -o x"}}),
              HasSubstr("A:B"));
  EXPECT_THAT(problem("loads", {{"files", {"loads.json"}}, {"engine", "--help"}}),
              HasSubstr("none of"));
  EXPECT_THAT(
      problem("simulate",
              {{"hardware", "../secret.json"}, {"model", "tiny"}, {"serving_unit", "decode8"}}),
      HasSubstr("folders that may be read"));
  EXPECT_THAT(problem("sql", {{"file", "inner"}, {"sql", std::string(70'000, 'x')}}),
              HasSubstr("longer"));
}

TEST_F(Mcp, SqlReadsAndHasLimits) {
  McpClient client(arguments({"--timeout", "3"}));
  client.initialize();
  const auto query = [&](const std::string& sql, int limit) {
    return Json{{"file", "inner/rank0.json"}, {"sql", sql}, {"limit", limit}};
  };
  const auto some = client.document("sql", query("SELECT name FROM spans ORDER BY start", 1));
  EXPECT_EQ(some["rows"], Json({{"gemm"}}));
  EXPECT_EQ(some["truncated"], true);
  EXPECT_EQ(client.document("sql", query("SELECT name FROM spans", 2))["truncated"], false);
  for (const char* sql :
       {"DELETE FROM spans", "ATTACH '/tmp/x' AS x", "PRAGMA writable_schema=1",
        "SELECT load_extension('x')", "SELECT 1; SELECT 2", "VACUUM INTO '/tmp/x'", "-- nothing",
        "--json", "SELECT readfile('/etc/passwd')"})
    EXPECT_EQ(client.call("sql", query(sql, 10))["isError"], true) << sql;
  const auto endless = client.call(
      "sql", query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) "
                   "FROM n",
                   10));
  EXPECT_EQ(endless["isError"], true);
  EXPECT_THAT(text_of(endless), HasSubstr("longer than 3 s"));
}

TEST_F(Mcp, AnAnswerThatIsTooLongIsAnError) {
  McpClient client(arguments({"--max-answer", "2000"}));
  client.initialize();
  const auto result = client.call(
      "sql", {{"file", "inner/rank0.json"}, {"sql", "SELECT format('%5000d', 1) FROM spans"}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("more than 2000 bytes"));
}

TEST_F(Mcp, ACallCanBeCancelledAndPingsAreAnsweredMeanwhile) {
  McpClient client(arguments());
  client.initialize();
  client.send({{"jsonrpc", "2.0"},
               {"id", 100},
               {"method", "tools/call"},
               {"params",
                {{"name", "sql"},
                 {"arguments",
                  {{"file", "inner/rank0.json"},
                   {"sql",
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT "
                    "count(*) FROM n"}}}}}});
  EXPECT_EQ(client.request("ping")["result"], Json::object());
  client.send({{"jsonrpc", "2.0"},
               {"method", "notifications/cancelled"},
               {"params", {{"requestId", 100}}}});
  // The cancelled call has no answer; the next one has.
  const auto answer = client.request("tools/list");
  EXPECT_TRUE(answer["result"].contains("tools"));
}

TEST_F(Mcp, WritesNothing) {
  const auto before = std::distance(fs::recursive_directory_iterator(root()), {});
  McpClient client(arguments());
  client.initialize();
  client.call("analyze", {{"files", {"inner"}}});
  client.call("loads", {{"files", {"loads.json"}}});
  client.call("chart", {{"chart", "overlap"}, {"files", {"inner"}}});
  EXPECT_EQ(client.finish(), 0);
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(root()), {}), before);
}

TEST_F(Mcp, ChartsArePictures) {
  McpClient client(arguments());
  client.initialize();
  const auto all = client.request("tools/list")["result"]["tools"].dump();
  if (all.find("\"chart\"") == std::string::npos) GTEST_SKIP() << "built without the window";
  const auto expect_png = [&](const Json& with) {
    const auto result = client.call("chart", with);
    ASSERT_EQ(result["isError"], false) << result;
    EXPECT_EQ(result["content"][0]["type"], "image");
    EXPECT_EQ(result["content"][0]["mimeType"], "image/png");
    const auto png = decode_base64(result["content"][0]["data"].get<std::string>());
    ASSERT_TRUE(png);
    EXPECT_TRUE(png->starts_with("\x89PNG"));
  };
  expect_png({{"chart", "timeline"}, {"files", {"inner/rank0.json"}}, {"size", "800x450"}});
  expect_png({{"chart", "load"}, {"files", {"loads.json"}}, {"theme", "dark"}});
  EXPECT_EQ(client.call("chart", {{"chart", "load"}, {"files", {"inner/rank0.json"}}})["isError"],
            true);
}

TEST_F(Mcp, NeedsAFolder) {
  McpClient none({});
  EXPECT_EQ(none.finish(), 2);
  McpClient missing({"--root", (root() / "missing").string()});
  EXPECT_EQ(missing.finish(), 1);
}

/// A question whose answer is known without the program: by hand, or from what was recorded.
struct Question {
  std::string tool;
  Json arguments;
  std::string where;  ///< JSON pointer into the document
  Json answer;
};

std::vector<Question> questions() {
  const auto sql = [](const char* file, const char* query) {
    return Json{{"file", std::string(file) + ".moetrace"}, {"sql", query}};
  };
  const auto of = [](const char* file) { return Json{{"files", {file}}}; };
  const Json plan = {{"plan", "plan.json"}, {"loads", "loads.json"}};
  return {
      // Recordings of sample-traces: what was served, not how fast.
      {"info", of("prefill.moetrace"), "/format", "moetrace"},
      {"info", of("prefill.moetrace"), "/devices/0/on_cpu", true},
      {"info", of("decode.moetrace"), "/devices/15/sm_count", 3},
      {"info", of("plan-change.moetrace"), "/devices/7/process", "rank 7"},
      {"analyze", of("prefill.moetrace"), "/headline/devices", 16},
      {"analyze", of("plan-change.moetrace"), "/headline/devices", 8},
      {"analyze", of("decode.moetrace"), "/devices/0/sm/method", "recorded"},
      {"steps", of("prefill.moetrace"), "/steps/0/phase", "prefill"},
      {"loads", of("prefill.moetrace"), "/loads/0/experts", 64},
      {"loads", of("prefill.moetrace"), "/loads/0/num_gpus", 8},
      {"loads", of("decode.moetrace"), "/loads/1/unit", "decode"},
      {"loads", of("plan-change.moetrace"), "/loads/1/num_nodes", 2},
      {"sql",
       sql("plan-change",
           "SELECT json_array_length(json, '$.physical_to_logical_map[0]') FROM plans ORDER BY "
           "time"),
       "/rows",
       {{64}, {80}}},
      {"sql", sql("decode", "SELECT count(DISTINCT rank) FROM processes"), "/rows/0/0", 16},
      {"sql", sql("plan-change", "SELECT min(layer), max(layer) FROM loads"), "/rows/0", {2, 9}},
      {"compare",
       {{"a", "decode.moetrace"}, {"b", "decode.moetrace"}},
       "/differences/0/significant",
       false},
      // 100 us of GEMM from 0, 100 us of all-reduce from 50.
      {"analyze", of("inner"), "/devices/0/exposed_comm_ns", 50'000},
      {"analyze", of("inner"), "/devices/0/overlap_pct", 50.0},
      {"analyze", {{"files", {"inner"}}, {"to_ns", 100'000}}, "/devices/0/exposed_comm_ns", 0},
      {"sql",
       {{"file", "inner"}, {"sql", "SELECT sum(dur) FROM spans WHERE class='communication'"}},
       "/rows/0/0",
       100'000},
      // Tokens 4, 2, 1, 1 on two GPUs of two slots: 6 and 2.
      {"loads", of("loads.json"), "/loads/0/layers_detail/0/tokens", 8.0},
      {"loads", of("loads.json"), "/loads/0/layers_detail/0/experts/max_over_mean", 2.0},
      {"loads", of("loads.json"), "/loads/0/layers_detail/0/hottest/0/expert", 0},
      {"plan_evaluate", plan, "/imbalance/mean", 1.5},
      {"plan_evaluate", plan, "/layers/0/bound", 1.0},
      {"plan_bounds", {{"loads", "loads.json"}, {"gpus", 2}}, "/bounds/0/slots", 4},
      {"simulate",
       {{"hardware", "h800"}, {"model", "deepseek-v3"}, {"serving_unit", "decode320"}},
       "/library",
       "deepep_low_latency"},
      {"plan_advise", {{"loads", "decode.moetrace"}, {"unit", "decode"}}, "/schema", 1},
  };
}

TEST_F(Mcp, KnownQuestionsHaveTheirAnswers) {
  McpClient client(arguments({"--root", kSamples}));
  client.initialize();
  const auto all = questions();
  ASSERT_GE(all.size(), 20U);
  for (const auto& question : all) {
    const auto document = client.document(question.tool, question.arguments);
    const Json::json_pointer where(question.where);
    ASSERT_TRUE(document.contains(where)) << question.arguments << document.dump().substr(0, 2000);
    EXPECT_EQ(document[where], question.answer) << question.tool << question.arguments;
  }
}

TEST_F(Mcp, AFileThatIsNoTraceIsAnErrorOfTheTool) {
  write("text.txt", "hello\n");
  McpClient client(arguments());
  client.initialize();
  const auto result = client.call("analyze", {{"files", {"text.txt"}}});
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(text_of(result), HasSubstr("is not a trace that MoEscope can open"));
}

}  // namespace
}  // namespace moescope
