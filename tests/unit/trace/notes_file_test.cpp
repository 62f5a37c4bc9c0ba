// Notes beside a trace: what is written comes back, and bad files are refused.
#include "core/trace/file/notes_file.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "core/import/open.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

class NotesFile : public testing::Test {
 protected:
  void SetUp() override {
    folder =
        std::filesystem::path(testing::TempDir()) /
        ("notes-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::filesystem::path write(const std::string& text) const {
    std::ofstream(folder / "x.moescope-notes") << text;
    return folder / "x.moescope-notes";
  }
  std::filesystem::path folder;
  TracePtr trace = test::make_trace({{"first", 0, 10}, {"second", 20, 10}, {"other", 20, 5}});
};

TEST_F(NotesFile, everyFieldComesBack) {
  const std::vector<Note> notes = {
      {.time = 5, .text = "line one\nÄ \"quoted\"", .color = "blue"},
      {.time = 20, .track = 0, .span = SpanRef{0, 2}, .text = "about other"}};
  const auto path = folder / "trace.json.moescope-notes";
  write_notes(path, *trace, notes);
  EXPECT_EQ(read_notes(path, *trace), notes);
}

TEST_F(NotesFile, spansAreFoundByStartAndNameInATraceWithOtherIds) {
  const auto path = folder / "n";
  write_notes(path, *trace, {{.time = 20, .track = 0, .span = SpanRef{0, 2}, .text = "n"}});
  const TracePtr again =
      test::make_trace({{"new", 0, 1}, {"other", 20, 5}, {"second", 20, 10}, {"late", 30, 1}});
  const auto notes = read_notes(path, *again);
  ASSERT_EQ(notes.size(), 1U);
  ASSERT_TRUE(notes[0].span);
  EXPECT_EQ(again->name(*notes[0].span), "other");
}

TEST_F(NotesFile, aNoteOutlivesItsSpanAndTrack) {
  const auto path = folder / "n";
  write_notes(path, *trace, {{.time = 20, .track = 0, .span = SpanRef{0, 1}, .text = "n"}});
  const TracePtr other_stream = test::make_trace({{"second", 20, 10, 9}});
  const auto notes = read_notes(path, *other_stream);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_FALSE(notes[0].track || notes[0].span);
  EXPECT_EQ(notes[0].text, "n");
}

TEST_F(NotesFile, withoutNotesTheFileGoesAway) {
  const auto path = folder / "n";
  write_notes(path, *trace, {{.time = 1, .text = "n"}});
  write_notes(path, *trace, {});
  EXPECT_FALSE(std::filesystem::exists(path));
  write_notes(path, *trace, {});
}

TEST_F(NotesFile, refusesWhatIsNoNotesFile) {
  for (const char* text :
       {"", "{", "[]", "{\"notes\":3}", R"({"schema":1,"notes":[{"time_ns":"x","text":"t"}]})",
        R"({"schema":1,"notes":[{"time_ns":1}]})", R"({"schema":"1","notes":[]})",
        R"({"schema":1,"notes":[{"time_ns":1,"text":"t","color":3}]})"})
    EXPECT_THROW(read_notes(write(text), *trace), Error) << text;
  EXPECT_THROW(read_notes(folder / "absent", *trace), Error);
}

TEST_F(NotesFile, refusesANewerSchema) {
  try {
    read_notes(write(R"({"schema":2,"notes":[]})"), *trace);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("newer"));
  }
}

TEST_F(NotesFile, aFailedWriteLeavesTheOldFileAndNoRest) {
  const auto path = folder / "sub" / "n";
  EXPECT_THROW(write_notes(path, *trace, {{.time = 1, .text = "n"}}), Error);
  std::filesystem::create_directories(folder / "dir" / "full");
  EXPECT_THROW(write_notes(folder / "dir", *trace, {{.time = 1, .text = "n"}}), Error);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1);
}

TEST_F(NotesFile, namesOfNotesFiles) {
  EXPECT_EQ(notes_path({"a/b.json"}), "a/b.json.moescope-notes");
  EXPECT_EQ(notes_path({"a/b.json", "a/c.json"}), "a/b.json+1.moescope-notes");
  EXPECT_EQ(notes_path({folder}), folder / "trace.moescope-notes");
}

TEST_F(NotesFile, openingAFolderPassesOverThem) {
  std::ofstream(folder / "rank0.json")
      << R"({"traceEvents":[{"ph":"X","name":"k","cat":"kernel","ts":1,"dur":2,"pid":0,"tid":7}]})";
  write_notes(notes_path({folder}), *trace, {{.time = 1, .text = "n"}});
  Progress progress;
  const TracePtr opened = open_trace({folder}, {}, progress);
  EXPECT_EQ(opened->processes().size(), 1U);
  for (const std::string& warning : opened->info().warnings)
    EXPECT_THAT(warning, testing::Not(testing::HasSubstr("notes")));
}

}  // namespace
}  // namespace moescope
