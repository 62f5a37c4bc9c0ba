// What the programs print, and where it goes: a hostile trace, a full disk, a closed stdout, a
// pipe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A trace whose every name carries what a terminal obeys and what a spreadsheet runs.
std::filesystem::path hostile_trace(const test::TempFolder& folder) {
  const auto path = folder / "hostile.json";
  const std::string name = R"(=cmd|'/C calc'!A0 \u001b]0;title\u0007\u001b[2J\u009b31m\u007f)";
  const std::string span = R"({"ph":"X","cat":"kernel","name":")" + name +
                           R"(","pid":0,"tid":7,"ts":1,"dur":5,"args":{"device":0,"stream":7}})";
  std::ofstream(path) << R"({"deviceProperties":[{"id":0,"name":")" << name
                      << R"(","numSms":132}],"distributedInfo":{"rank":0},"traceEvents":[)"
                      << R"({"ph":"M","name":"process_name","pid":0,"tid":0,"args":{"name":")"
                      << name << R"("}},)" << span << "]}";
  return path;
}

test::ProgramResult shell(const std::string& command) {
  return test::run_program({"/bin/sh", "-c", command});
}

void expect_no_control_characters(const std::string& text) {
  for (const char c : text)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r')
        << "byte " << static_cast<int>(c) << " in: " << text;
  EXPECT_THAT(text, Not(HasSubstr("\x7f")));
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
}

TEST(Output, ControlCharactersOfATraceNeverReachTheTerminal) {
  const test::TempFolder folder;
  const auto trace = hostile_trace(folder).string();
  const std::vector<std::vector<std::string>> commands = {
      {"info", trace},
      {"info", trace, "--json"},
      {"analyze", trace},
      {"analyze", trace, "--json"},
      {"sql", trace, "SELECT name FROM spans"},
      {"sql", trace, "SELECT name FROM spans", "--csv"},
      {"sql", trace, "SELECT name FROM spans", "--json"},
      {"sql", trace, "SELECT nothing FROM \"\x1b[2J\""},
      {"loads", trace},
      {"info", (folder / "\x1b[2J").string()}};
  for (const auto& command : commands) {
    const auto result = test::run_moescope(command);
    SCOPED_TRACE(command[0]);
    expect_no_control_characters(result.out);
    expect_no_control_characters(result.err);
  }
}

TEST(Output, JsonKeepsNamesWhole) {
  const test::TempFolder folder;
  const auto result = test::run_moescope(
      {"sql", hostile_trace(folder).string(), "SELECT name FROM spans", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["rows"][0][0],
            "=cmd|'/C calc'!A0 \x1b]0;title\x07\x1b[2J\u009b31m\x7f");
}

TEST(Output, CsvHoldsNoFormula) {
  const test::TempFolder folder;
  const auto result = test::run_moescope(
      {"sql", hostile_trace(folder).string(), "SELECT name, -1, '-2.5', '' FROM spans", "--csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n'=cmd|'/C calc'!A0 "));
  EXPECT_THAT(result.out, HasSubstr(",-1,-2.5,\"\"\r\n"));
}

TEST(Output, AFullDiskBehindStdoutIsAnError) {
  const test::TempFolder folder;
  const auto trace = hostile_trace(folder).string();
  for (const std::string& command :
       {"info " + trace, "analyze " + trace, "sql " + trace + " 'SELECT 1'",
        "sql " + trace + " 'SELECT 1' --json", std::string("--help"), std::string("sql --help")}) {
    const auto result = shell(std::string(MOESCOPE_PROGRAM) + " " + command + " >/dev/full");
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_THAT(result.err, HasSubstr("standard output")) << command;
  }
}

TEST(Output, AClosedStdoutIsAnError) {
  const test::TempFolder folder;
  const auto result =
      shell(std::string(MOESCOPE_PROGRAM) + " info " + hostile_trace(folder).string() + " >&-");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("standard output"));
}

TEST(Output, AClosedStdoutNeverWritesIntoTheFileThatIsMade) {
  const test::TempFolder folder;
  const auto trace = hostile_trace(folder).string();
  const auto made = folder / "made.moetrace";
  const auto result = shell(std::string(MOESCOPE_PROGRAM) + " import " + trace + " -o " +
                            made.string() + " >&- 2>&-");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(test::run_moescope({"info", made.string()}).exit_code, 0);
}

TEST(Output, APipeOrADeviceIsRefusedBeforeItBlocks) {
  const test::TempFolder folder;
  const auto pipe = (folder / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero")})
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"info", path},
          {"analyze", path},
          {"sql", path, "SELECT 1"},
          {"loads", path},
          {"import", path, "-o", (folder / "out.moetrace").string()},
          {"plan", "validate", "--plan", path},
          {"plan", "diff", path, path},
          {"plan", "import", path, "--engine", "vllm", "-o", (folder / "plan.json").string()},
          {"report", path, "-o", (folder / "out.html").string()}}) {
      auto limited = command;
      limited.insert(limited.begin(), {"timeout", "60", MOESCOPE_PROGRAM});
      const auto result = test::run_program(limited);
      EXPECT_EQ(result.exit_code, 1) << command[0] << ' ' << command[1] << ' ' << path;
      EXPECT_THAT(result.err, HasSubstr(path == pipe ? "is a pipe" : "is a device"))
          << command[0] << ' ' << command[1];
    }
}

}  // namespace
}  // namespace moescope
