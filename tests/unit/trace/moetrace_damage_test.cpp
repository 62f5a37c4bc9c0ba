// Files that are cut, changed, of another program or of another version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <random>

#include "core/error.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/sqlite.h"
#include "tests/support/moetrace_samples.h"
#include "tests/support/privileges.h"

namespace moescope {
namespace {

using test::TempFolder;
using testing::HasSubstr;

/// What files of versions 4 and 3 did not have.
constexpr const char* kAsVersionFour = "DROP TABLE losses; PRAGMA user_version = 4";
constexpr const char* kAsVersionThree =
    "DROP TABLE losses; ALTER TABLE notes DROP COLUMN span; ALTER TABLE notes DROP COLUMN color;"
    "ALTER TABLE devices DROP COLUMN on_cpu; PRAGMA user_version = 3";

class MoetraceDamage : public testing::Test {
 protected:
  void SetUp() override {
    Progress progress;
    write_moetrace(*test::sample_trace(), file_, progress);
  }
  void change(const std::string& sql) {
    sqlite::Database(file_, SQLITE_OPEN_READWRITE).execute(sql);
  }
  static std::string error(const std::filesystem::path& file) {
    try {
      read_all(*open_moetrace(file));
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  /// Reads everything there is; returns a checksum of what was read.
  static std::size_t read_all(const Trace& trace) {
    trace.strings().load_all();
    std::size_t sum = trace.sm_records().size() + trace.counters().size();
    for (TrackId track = 0; track < trace.tracks().size(); ++track) {
      trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
        for (std::size_t i = 0; i < chunk.size(); ++i) {
          const Span span = chunk.columns().at(i);
          sum = sum * 31 + static_cast<std::size_t>(span.start) + span.launch + span.name +
                static_cast<std::size_t>(span.duration) + span.correlation +
                trace.strings()[span.name].size() + trace.launches().at(span.launch).grid[0];
        }
        for (const auto& args : chunk.args().rows()) sum = sum * 31 + args.size();
        return true;
      });
      for (const auto& level : trace.summary(track)->levels) sum = sum * 31 + level.buckets.size();
    }
    return sum;
  }
  /// What the columns say, without the plain rows they point at.
  static std::vector<TimeNs> times(const Trace& trace) {
    std::vector<TimeNs> found;
    for (TrackId track = 0; track < trace.tracks().size(); ++track)
      trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
        const auto& c = chunk.columns();
        found.insert(found.end(), c.start.begin(), c.start.end());
        found.insert(found.end(), c.duration.begin(), c.duration.end());
        return true;
      });
    return found;
  }
  std::string content() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "a.moetrace";
};

TEST_F(MoetraceDamage, FilesOfOtherKindsAreNamed) {
  EXPECT_THAT(error(folder_ / "none"), HasSubstr("cannot be read"));
  put(folder_ / "empty", "");
  EXPECT_THAT(error(folder_ / "empty"), HasSubstr("is empty"));
  put(folder_ / "json", "{\"traceEvents\":[]}");
  EXPECT_THAT(error(folder_ / "json"), HasSubstr("not a .moetrace"));
  change("PRAGMA application_id = 7");
  EXPECT_THAT(error(file_), HasSubstr("another program"));
}

TEST_F(MoetraceDamage, ANewerVersionIsRefusedWithBothVersions) {
  change("PRAGMA user_version = 99");
  EXPECT_THAT(error(file_), testing::AllOf(HasSubstr("a.moetrace"), HasSubstr("newer"),
                                           HasSubstr("99"), HasSubstr("up to 5")));
  change("PRAGMA user_version = 0");
  EXPECT_THAT(error(file_), HasSubstr("does not exist"));
}

TEST_F(MoetraceDamage, AVersionOneFileOpensAndIsLeftAsItWas) {
  change(kAsVersionThree);
  change("DROP TABLE extra; ALTER TABLE counters DROP COLUMN unit; PRAGMA user_version = 1");
  const std::string before = content();
  const TracePtr trace = open_moetrace(file_);
  EXPECT_TRUE(trace->info().extra.empty());
  ASSERT_EQ(trace->counters().size(), 2U);
  EXPECT_EQ(trace->counters()[0].name, "SM Active");
  EXPECT_EQ(trace->counters()[0].unit, "");
  EXPECT_EQ(read_all(*trace), read_all(*test::sample_trace()));
  EXPECT_TRUE(content() == before);
  EXPECT_EQ(folder_.file_count(), 1U);
}

TEST_F(MoetraceDamage, AVersionFourFileHasNoLosses) {
  change(kAsVersionFour);
  EXPECT_THAT(open_moetrace(file_)->losses(), testing::IsEmpty());
}

TEST_F(MoetraceDamage, LossesThatMakeNoSenseAreRefused) {
  const char* wrong[] = {"kind = 'forgotten'",    "track = 99",       "process = 99", "count = -1",
                         "end_ns = begin_ns - 1", "begin_ns = 'soon'"};
  for (const char* value : wrong) {
    Progress progress;
    write_moetrace(*test::sample_trace(), file_, progress);
    change(std::string("UPDATE losses SET ") + value + " WHERE id = 0");
    EXPECT_FALSE(error(file_).empty()) << value;
  }
}

TEST_F(MoetraceDamage, NotesAndDevicesOfAVersionThreeFileAreRead) {
  change(kAsVersionThree);
  change("UPDATE devices SET name = 'CPU workers'");
  const TracePtr trace = open_moetrace(file_);
  EXPECT_TRUE(trace->devices().at(0).on_cpu);
  EXPECT_EQ(trace->devices()[0].sm_count, 132);
  ASSERT_EQ(trace->notes().size(), 2U);
  EXPECT_EQ(trace->notes()[0], (Note{.time = 123, .track = 0, .text = "look here"}));
}

TEST_F(MoetraceDamage, ANoteOutlivesASpanThatTheFileDoesNotHave) {
  change("UPDATE notes SET span = 4000000000 WHERE id = 0");
  EXPECT_EQ(open_moetrace(file_)->notes().at(0),
            (Note{.time = 123, .track = 0, .text = "look here", .color = "blue"}));
}

TEST_F(MoetraceDamage, MissingAndFalseTablesAreNamed) {
  change("ALTER TABLE notes RENAME TO old");
  EXPECT_THAT(error(file_), HasSubstr("table notes: is missing"));
  change("CREATE VIEW notes AS SELECT * FROM old");
  EXPECT_THAT(error(file_), HasSubstr("not an ordinary table"));
  change(
      "DROP VIEW notes; CREATE TABLE notes(id, time, track, span, color, text AS (time || 'x'))");
  EXPECT_THAT(error(file_), HasSubstr("computes column 'text'"));
  change("DROP TABLE notes; CREATE TABLE notes(id)");
  EXPECT_THAT(error(file_), HasSubstr("no column 'time'"));
}

TEST_F(MoetraceDamage, RowsThatCannotBeAreErrorsWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE chunks SET count = count + 1 WHERE id = 0", "table chunk_columns, row 0"},
      {"UPDATE chunks SET count = -1 WHERE id = 0", "column count"},
      {"UPDATE strings SET id = 4000000000 WHERE id = 3", "a number beyond the file"},
      {"UPDATE chunks SET last_end = last_end + 1 WHERE id = 0", "not those of table chunks"},
      {"UPDATE chunks SET track = 77 WHERE id = 0", "a chunk before it is missing"},
      {"UPDATE chunks SET track = 77, seq = 0 WHERE id = 2", "column track"},
      {"UPDATE chunks SET first_start = 'x' WHERE id = 0", "column first_start"},
      {"DELETE FROM chunks WHERE id = 0", "a chunk before it is missing"},
      {"DELETE FROM chunk_columns WHERE id = 1", "table chunk_columns, row 1"},
      {"UPDATE chunk_columns SET data = x'00' WHERE id = 0", "no valid zstd frame"},
      {"UPDATE chunk_args SET data = x'00' WHERE id = 0", "arguments block"},
      {"DELETE FROM strings WHERE id = 3", "table strings"},
      {"DELETE FROM strings WHERE id = 50", "name id without a string"},
      {"DELETE FROM launches WHERE id = 1", "launch id without a launch"},
      {"UPDATE tracks SET type = 9 WHERE id = 0", "column type"},
      {"UPDATE devices SET process = 9", "column process"},
      {"UPDATE summaries SET shift = 62 WHERE id = 1", "column shift"},
      {"UPDATE summaries SET first_bucket = first_bucket + 1 WHERE id = 1", "table summar"},
      {"UPDATE summary_blocks SET data = NULL WHERE id = 1", "table summary_blocks, row 1"},
      {"UPDATE sm_records SET data = x'ff'", "table sm_records, row 1"},
      {"UPDATE counters SET data = x'ff' WHERE id = 0", "table counters, row 0"}};
  const std::string good = content();
  for (const auto& [sql, place] : cases) {
    put(file_, good);
    change(sql);
    EXPECT_THAT(error(file_), HasSubstr(place)) << sql;
    EXPECT_THAT(error(file_), HasSubstr("a.moetrace")) << sql;
  }
}

TEST_F(MoetraceDamage, FlippedBytesGiveAnErrorOrTheSameSpans) {
  const std::string good = content();
  std::mt19937 random(1);
  const auto expected = times(*open_moetrace(file_));
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    put(file_, bad);
    try {
      const TracePtr trace = open_moetrace(file_);
      read_all(*trace);
      EXPECT_EQ(times(*trace), expected) << i;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(MoetraceDamage, AChangedBlobNeverDecodesToOtherSpans) {
  const std::string good = content();
  const auto expected = read_all(*open_moetrace(file_));
  for (int at = 1; at < 400; at += 7) {
    put(file_, good);
    // One byte of the first chunk's columns, complemented.
    change("UPDATE chunk_columns SET data = CAST(substr(data, 1, " + std::to_string(at - 1) +
           ") || x'a5' || substr(data, " + std::to_string(at + 1) + ") AS BLOB) WHERE id = 0");
    try {
      EXPECT_EQ(read_all(*open_moetrace(file_)), expected) << at;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("chunk_columns, row 0"));
    }
  }
}

TEST_F(MoetraceDamage, CutFilesAreErrors) {
  const std::string good = content();
  for (std::size_t part = 0; part < 40; ++part) {
    put(file_, good.substr(0, good.size() * part / 40));
    EXPECT_NE(error(file_), "no error") << part;
  }
}

TEST_F(MoetraceDamage, AFileReplacedWhileOpenIsNotMixedWithTheOld) {
  const TracePtr trace = open_moetrace(file_);
  Progress progress;
  write_moetrace(*TraceBuilder().snapshot(), file_, progress);
  // The open connection still reads the file it opened.
  EXPECT_EQ(read_all(*trace), read_all(*test::sample_trace()));
}

TEST_F(MoetraceDamage, AFileThatVanishesWhileOpenIsReadOrNamed) {
  const TracePtr trace = open_moetrace(file_);
  std::filesystem::remove(file_);
  EXPECT_EQ(read_all(*trace), read_all(*test::sample_trace()));
  EXPECT_THAT(error(file_), HasSubstr("cannot be read"));
}

TEST_F(MoetraceDamage, WithoutReadPermissionTheErrorSaysSo) {
  std::filesystem::permissions(file_, std::filesystem::perms::none);
  std::string message;
  ASSERT_TRUE(test::without_root([&] { message = error(file_); }));
  EXPECT_THAT(message, testing::AllOf(HasSubstr("a.moetrace"), HasSubstr("may read")));
}

TEST_F(MoetraceDamage, ARecordingOpensFromAFolderThatCannotBeWritten) {
  change("PRAGMA journal_mode = WAL");  // as MoetraceWriter leaves it
  std::filesystem::remove(file_.string() + "-wal");
  std::filesystem::remove(file_.string() + "-shm");
  using std::filesystem::perms;
  std::filesystem::permissions(folder_.path(), perms::owner_read | perms::owner_exec |
                                                   perms::group_read | perms::group_exec |
                                                   perms::others_read | perms::others_exec);
  std::filesystem::permissions(file_, perms::owner_read | perms::group_read | perms::others_read);
  std::size_t sum = 0;
  ASSERT_TRUE(test::without_root([&] { sum = read_all(*open_moetrace(file_)); }));
  EXPECT_EQ(sum, read_all(*test::sample_trace()));
  EXPECT_EQ(folder_.file_count(), 1U);
  std::ofstream(file_.string() + "-wal") << "a commit that is not in the file yet";
  std::string message;
  ASSERT_TRUE(test::without_root([&] { message = error(file_); }));
  EXPECT_THAT(message, testing::AllOf(HasSubstr("was not closed"), HasSubstr("-wal")));
}

TEST_F(MoetraceDamage, ArgumentsOfOlderFilesAreRead) {
  // Schema 2: u32 rows, u32 offsets, text.
  const std::string text = R"({"a":1}{"bc":2})";
  std::string raw;
  for (const std::uint32_t value : {3U, 0U, 7U, 7U, static_cast<std::uint32_t>(text.size())})
    raw.append(reinterpret_cast<const char*>(&value), sizeof value);
  raw += text;
  const auto block = ArgsBlock::from_compressed(test::zstd_frame(raw));
  EXPECT_THAT(block.rows(), testing::ElementsAre(R"({"a":1})", "", R"({"bc":2})"));
  EXPECT_EQ(block.row(2), R"({"bc":2})");
  raw[8] = 99;  // an offset beyond the text
  EXPECT_THROW(ArgsBlock::from_compressed(test::zstd_frame(raw)).rows(), Error);
}

TEST_F(MoetraceDamage, ArgumentLengthsAreChecked) {
  const auto rows_of = [](std::string raw) {
    return ArgsBlock::from_compressed(test::zstd_frame(raw)).rows();
  };
  const std::string two("\x02\x00\x00\x80", 4);
  EXPECT_THAT(rows_of(two + "\x01\x02" + "abc"), testing::ElementsAre("a", "bc"));
  const std::vector<std::string> wrong = {two + "\x01\x03" + "abc", two + "\x01",
                                          std::string("\xff\xff\xff\xff") + "abc",
                                          two + "\xff\xff\xff\xff\x7f\x01" + "abc", "ab"};
  for (const auto& bad : wrong) EXPECT_THROW(rows_of(bad), Error);
}

TEST_F(MoetraceDamage, AFolderThatCannotBeWrittenKeepsTheOldFile) {
  Progress progress;
  EXPECT_THROW(write_moetrace(*test::sample_trace(), folder_ / "no" / "a.moetrace", progress),
               Error);
  EXPECT_THROW(write_moetrace(*test::sample_trace(), folder_ / "", progress), Error);
}

}  // namespace
}  // namespace moescope
