// Files as they lie on disk: compressed, cut off, growing, gone, not readable; and exactness.

#include <iterator>
#include <thread>

#include "core/error.h"
#include "core/import/kineto/assemble.h"
#include "tests/support/data.h"
#include "tests/support/gzip_text.h"
#include "tests/unit/import/kineto_test_support.h"

namespace moescope {
namespace {

using test::all_spans;
using test::gzip;
using test::import_kineto;
using test::import_text;
using test::TemporaryFile;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kReference = "deepseek_v3_train_rank0.json";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A trace of `count` kernels as text.
std::string many_events(int count) {
  std::string text = "{\"traceEvents\":[\n";
  for (int i = 0; i < count; ++i)
    text += std::string(i ? ",\n" : "") + R"({"ph":"X","cat":"kernel","name":"k)" +
            std::to_string(i % 50) + R"(","pid":0,"tid":7,"ts":)" + std::to_string(i * 10) +
            R"(,"dur":5,"args":{"correlation":)" + std::to_string(i + 1) +
            R"(,"list":[{"name":"no event"},{"name":"},{\"ph\""},{"ph":1}]}})";
  return text + "\n]}";
}

TracePtr import_cut(const std::filesystem::path& path, const kineto::ReadOptions& how) {
  Progress progress;
  TraceBuilder builder;
  kineto::assemble(kineto::read_events(path, {true, 2}, progress, how), path, false, builder,
                   progress);
  return builder.snapshot();
}

void expect_same(const Trace& a, const Trace& b) {
  ASSERT_EQ(a.tracks().size(), b.tracks().size());
  EXPECT_EQ(a.info().events, b.info().events);
  EXPECT_EQ(a.info().skipped, b.info().skipped);
  for (TrackId t = 0; t < a.tracks().size(); ++t) {
    ASSERT_EQ(a.path(t), b.path(t));
    ASSERT_EQ(a.chunk_infos(t).size(), b.chunk_infos(t).size());
    for (std::size_t c = 0; c < a.chunk_infos(t).size(); ++c) {
      const auto left = a.chunk(t, c), right = b.chunk(t, c);
      ASSERT_EQ(left->columns().start, right->columns().start);
      ASSERT_EQ(left->columns().duration, right->columns().duration);
      ASSERT_EQ(left->columns().name, right->columns().name);
      ASSERT_EQ(left->columns().correlation, right->columns().correlation);
      ASSERT_EQ(left->columns().launch, right->columns().launch);
      ASSERT_EQ(left->args().rows(), right->args().rows());
    }
  }
}

TEST(KinetoBlocks, ParallelAndTolerantReadingGiveTheSameTrace) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const auto path = test::shared_data(kReference);
  const auto tolerant = import_cut(path, {std::size_t{1} << 20, true});
  ASSERT_EQ(tolerant->span_count(), 9308U);
  for (const std::size_t bytes : {3000, 65536, 1 << 20})
    expect_same(*tolerant, *import_cut(path, {bytes, false}));
}

TEST(KinetoBlocks, WrongGuessesOfBoundariesDoNotChangeTheTrace) {
  const TemporaryFile file(many_events(2000));
  const auto whole = import_cut(file.path(), {std::size_t{1} << 24, true});
  ASSERT_EQ(whole->span_count(), 2000U);
  ASSERT_TRUE(whole->info().skipped.empty());
  for (const std::size_t bytes : {64, 200, 333, 1000, 4096, 70000})
    expect_same(*whole, *import_cut(file.path(), {bytes, false}));
}

TEST(KinetoFiles, TruncatedAnywhereTheReferenceIsReadUpToTheCut) {
  MOESCOPE_REQUIRE_DATA(kReference);
  const std::string text = read_file(test::shared_data(kReference));
  std::uint64_t last_events = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t size = text.size() * i / 200 + i % 7;
    const std::string part = text.substr(0, size);
    try {
      const auto trace = import_text(part, "trace.json", {i % 2 == 0, 2});
      std::uint64_t skipped = 0;
      for (const auto& [reason, count] : trace->info().skipped) skipped += count;
      EXPECT_LE(skipped, 1U) << "cut at " << size;
      EXPECT_GE(trace->info().events, last_events);
      EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("cut off")));
      last_events = trace->info().events;
    } catch (const Error& error) {
      EXPECT_EQ(last_events, 0U) << "cut at " << size;
      EXPECT_NE(std::string(error.what()), "");
    }
  }
  EXPECT_GT(last_events, 14000U);
}

TEST(KinetoGzip, OneOrManyMembersUnderAnyName) {
  const std::string text = many_events(3000);
  const std::string members = gzip(text.substr(0, 1000)) + gzip(text.substr(1000, 70000)) +
                              gzip(std::string_view(text).substr(71000));
  for (const auto* name : {"trace.json.gz", "trace.json"}) {
    EXPECT_EQ(import_text(gzip(text), name)->span_count(), 3000U);
    const auto trace = import_text(members, name);
    EXPECT_EQ(trace->span_count(), 3000U);
    EXPECT_TRUE(trace->info().warnings.empty());
    EXPECT_EQ(trace->info().extra.at("compression"), "gzip");
  }
}

TEST(KinetoGzip, CutOffOrDamagedStreamsAreReadAsFarAsTheyGo) {
  const std::string text = many_events(3000), packed = gzip(text);
  const auto cut = import_text(packed.substr(0, packed.size() / 2));
  EXPECT_GT(cut->span_count(), 500U);
  EXPECT_LT(cut->span_count(), 3000U);
  EXPECT_THAT(cut->info().warnings, testing::Contains(HasSubstr("gzip stream is cut off")));
  std::string damaged = packed;
  for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 50; ++i) damaged[i] = '\x55';
  const auto trace = import_text(damaged);
  EXPECT_GT(trace->span_count(), 100U);
  EXPECT_THAT(trace->info().warnings, testing::Contains(HasSubstr("gzip stream is")));
  const auto padded = import_text(packed + std::string(100, '\0'));
  EXPECT_EQ(padded->span_count(), 3000U);
  for (const char* tail : {"a", "\x1f\x8b"}) {
    const auto with_tail = import_text(packed + tail);
    EXPECT_EQ(with_tail->span_count(), 3000U);
    EXPECT_THAT(with_tail->info().warnings,
                testing::Contains(testing::AnyOf(HasSubstr("after the end of the gzip stream"),
                                                 HasSubstr("gzip stream is cut off"))));
  }
  EXPECT_THROW(import_text(packed.substr(0, 12)), Error);
}

TEST(KinetoFiles, MissingEmptyAndFoldersAreErrors) {
  EXPECT_THROW(probe_file("/nowhere/trace.json"), Error);
  EXPECT_THROW(probe_file(std::filesystem::temp_directory_path()), Error);
  const TemporaryFile empty("");
  EXPECT_THROW(probe_file(empty.path()), Error);
}

TEST(KinetoFiles, WithoutReadPermissionTheErrorSaysSo) {
  const TemporaryFile secret("[]");
  std::filesystem::permissions(secret.path(), std::filesystem::perms::none);
  const bool root = geteuid() == 0;  // may read everything: step down for a moment
  if (root && seteuid(65534) != 0) GTEST_SKIP() << "cannot give up root";
  std::string message;
  try {
    probe_file(secret.path());
  } catch (const Error& error) {
    message = error.what();
  }
  if (root && seteuid(0) != 0) FAIL() << "cannot become root again";
  EXPECT_THAT(message, HasSubstr("Permission denied"));
}

TEST(KinetoFiles, AFileThatVanishesAfterTheProbeIsAnError) {
  FileProbe probe;
  {
    const TemporaryFile file(many_events(3));
    probe = probe_file(file.path());
  }
  TraceBuilder builder;
  Progress progress;
  EXPECT_THROW(find_importer("kineto")->import(probe, builder, {}, progress), Error);
}

TEST(KinetoFiles, AFileThatGrowsAfterTheProbeIsReadToItsEnd) {
  const std::string text = many_events(3000);
  const TemporaryFile file(text.substr(0, text.size() / 2));
  const auto probe = probe_file(file.path());
  std::ofstream(file.path(), std::ios::binary | std::ios::app) << text.substr(text.size() / 2);
  TraceBuilder builder;
  Progress progress;
  find_importer("kineto")->import(probe, builder, {}, progress);
  EXPECT_EQ(builder.snapshot()->span_count(), 3000U);
}

TEST(KinetoFiles, CancelStopsTheImport) {
  const TemporaryFile file(many_events(30000));
  Progress* asked = nullptr;
  Progress progress([&](double, std::string_view) { asked->cancel(); });
  asked = &progress;
  TraceBuilder builder;
  EXPECT_THROW(
      find_importer("kineto")->import(probe_file(file.path()), builder, {true, 1}, progress),
      Cancelled);
}

TEST(KinetoFiles, ProgressMovesForward) {
  const TemporaryFile file(many_events(30000));
  std::vector<double> seen;
  Progress progress([&](double fraction, std::string_view what) {
    if (what == "reading events") seen.push_back(fraction);
  });
  TraceBuilder builder;
  find_importer("kineto")->import(probe_file(file.path()), builder, {true, 1}, progress);
  ASSERT_GE(seen.size(), 2U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_GT(seen.back(), 0.9);
}

}  // namespace
}  // namespace moescope
