// One test for each quirk that recorded Kineto and Chrome traces show.
#include <nlohmann/json.hpp>

#include "core/analysis/overlap/overlap.h"
#include "core/error.h"
#include "tests/unit/import/kineto_test_support.h"

namespace moescope {
namespace {

using test::all_names;
using test::all_spans;
using test::import_events;
using test::import_text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string span_json(const std::string& fields) {
  return R"({"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,)" + fields + "}";
}
std::string at(const std::string& ts, const std::string& dur) {
  return span_json("\"ts\":" + ts + ",\"dur\":" + dur);
}
nlohmann::json args_of(const Trace& trace, TrackId track = 0, std::uint32_t index = 0) {
  return nlohmann::json::parse(trace.args({track, index}));
}

TEST(KinetoTimes, IntegerAndDecimalMicrosecondsAreExact) {
  const auto trace =
      import_events(at("1740461679479712", "85") + "," + at("1740461679479712.123", "0.999") + "," +
                    at("1740461679479713.1", "1e1"));
  const auto spans = all_spans(*trace);
  EXPECT_EQ(spans[0].start, 0);
  EXPECT_EQ(spans[0].duration, 85000);
  EXPECT_EQ(spans[1].start, 123);
  EXPECT_EQ(spans[1].duration, 999);
  EXPECT_EQ(spans[2].start, 1100);
  EXPECT_EQ(spans[2].duration, 10000);
  EXPECT_EQ(trace->info().start_epoch_ns, 1740461679479712000);
}

TEST(KinetoTimes, BaseTimeIsAddedToTheClockBeforeOrAfterTheEvents) {
  const std::string base = "\"baseTimeNanoseconds\": 1767189312000000000";
  const auto event = at("4378293847291.847", "2.001");
  for (const auto& trace :
       {import_events(event, base + ","), import_events(event, "", "," + base)}) {
    EXPECT_EQ(trace->info().start_epoch_ns, 1767189312000000000 + 4378293847291847);
    EXPECT_EQ(all_spans(*trace)[0].duration, 2001);
  }
}

TEST(KinetoTimes, WithoutABaseASmallClockIsNoWallClock) {
  EXPECT_FALSE(import_events(at("4378293847.5", "2"))->info().start_epoch_ns.has_value());
}

TEST(KinetoTimes, DisplayUnitNeverScales) {
  for (const char* unit : {"ms", "ns"}) {
    const auto trace =
        import_events(at("10", "5"), std::string("\"displayTimeUnit\":\"") + unit + "\",");
    EXPECT_EQ(all_spans(*trace)[0].duration, 5000);
    EXPECT_EQ(trace->info().extra.at("displayTimeUnit"), unit);
  }
}

TEST(KinetoTimes, NumbersInQuotesCount) {
  const auto trace = import_events(at("\"100.5\"", "\"3\"") + "," + at("\" 101.5 \"", "\"1\""));
  EXPECT_EQ(all_spans(*trace)[0].duration, 3000);
  EXPECT_EQ(all_spans(*trace)[1].start, 1000);
}

TEST(KinetoTimes, ZeroDurationIsKept) {
  const auto trace = import_events(at("5", "0") + "," + at("5", "0.000"));
  EXPECT_EQ(trace->span_count(), 2U);
}

TEST(KinetoTimes, TimesLostToZeroDoNotStretchTheTrace) {
  const auto trace = import_events(at("0.000", "0.000") + "," + at("1740461679472450.5", "10") +
                                   "," + at("0.000", "5") + "," + at("1740461679472480", "10"));
  EXPECT_EQ(trace->span_count(), 2U);
  EXPECT_EQ(trace->range().end, 39500);
  EXPECT_EQ(trace->info().skipped.at("timestamp 0 among times of a wall clock"), 2U);
  const auto small = import_events(at("0.000", "5") + "," + at("100", "10"));
  EXPECT_EQ(small->span_count(), 2U);  // a clock that starts at 0
  EXPECT_EQ(small->range().end, 110000);
}

TEST(KinetoTimes, UnusableTimesAreSkippedAndCounted) {
  const auto trace =
      import_events(at("1", "1") + "," + at("2", "-5") + "," + at("NaN", "1") + "," +
                    at("3", "Infinity") + "," + span_json("\"ts\":4") + "," +
                    span_json("\"dur\":4") + "," + at("99999999999999999999999", "1") + "," +
                    R"({"ph":"X","cat":"kernel","pid":0,"tid":7,"ts":9,"dur":1})");
  EXPECT_EQ(trace->span_count(), 1U);
  EXPECT_EQ(trace->info().events, 8U);
  EXPECT_EQ(trace->info().skipped,
            (std::map<std::string, std::uint64_t>{{"negative duration", 1},
                                                  {"timestamp is no usable number", 2},
                                                  {"duration is no usable number", 1},
                                                  {"no duration", 1},
                                                  {"no timestamp", 1},
                                                  {"no name", 1}}));
}

TEST(KinetoTimes, EventsOutOfOrderAreSortedWithTheOuterSpanFirst) {
  const auto trace = import_events(at("30", "1") + "," + at("10", "2") + "," + at("10", "9"));
  const auto spans = all_spans(*trace);
  EXPECT_EQ(spans[0].duration, 9000);
  EXPECT_EQ(spans[1].duration, 2000);
  EXPECT_EQ(spans[1].depth, 1);
  EXPECT_EQ(spans[2].start, 20000);
}

TEST(KinetoIds, TextEmptyAndNegativePidsAndTidsAreTracks) {
  const auto trace = import_events(
      R"({"ph":"X","cat":"Trace","name":"a","pid":"Spans","tid":"PyTorch Profiler","ts":1,"dur":1},)"
      R"({"ph":"i","name":"b","pid":"","tid":"","ts":2,"s":"g"},)"
      R"({"ph":"X","cat":"cpu_op","name":"c","pid":-1,"tid":-7,"ts":3,"dur":1},)"
      R"({"ph":"X","cat":"cpu_op","name":"d","pid":12,"tid":12,"ts":4,"dur":1},)"
      R"({"ph":"X","cat":"cpu_op","name":"e","pid":12,"tid":12,"ts":5,"dur":1})");
  EXPECT_THAT(all_names(*trace), UnorderedElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(trace->info().skipped, IsEmpty());
  std::vector<std::string> paths;
  for (TrackId t = 0; t < trace->tracks().size(); ++t) paths.push_back(trace->path(t));
  EXPECT_THAT(paths, UnorderedElementsAre("pid 12 > Spans: PyTorch Profiler", "pid 12 > marks",
                                          "pid -1 > thread -7", "pid 12 > thread 12"));
}

TEST(KinetoIds, RanksMergedIntoOneFileStayApart) {
  const auto gpu = [](const char* rank) {
    return std::string(R"({"ph":"X","cat":"kernel","name":"k","pid":"[)") + rank +
           R"(] 0","tid":7,"ts":1,"dur":1,"args":{"device":0,"stream":7}})";
  };
  const auto trace = import_events(gpu("TP00") + "," + gpu("TP01"));
  ASSERT_EQ(trace->processes().size(), 2U);
  EXPECT_EQ(trace->processes()[0].label, "[TP00]");
  EXPECT_EQ(trace->processes()[1].label, "[TP01]");
  EXPECT_EQ(trace->devices().size(), 2U);
}

TEST(KinetoIds, DeviceAndStreamComeFromArgumentsElsePidAndTid) {
  const auto trace = import_events(
      R"({"ph":"X","cat":"kernel","name":"a","pid":0,"tid":1,"ts":1,"dur":1,"args":{"device":3,"stream":27}},)"
      R"({"ph":"X","cat":"kernel","name":"b","pid":2,"tid":9,"ts":1,"dur":1})");
  ASSERT_EQ(trace->tracks().size(), 2U);
  EXPECT_EQ(trace->tracks()[0].device, 2);
  EXPECT_EQ(trace->tracks()[0].id, 9);
  EXPECT_EQ(trace->tracks()[1].device, 3);
  EXPECT_EQ(trace->tracks()[1].id, 27);
  EXPECT_EQ(trace->devices().size(), 2U);
}

TEST(KinetoIds, StreamNumbersBeyond64BitsAreTextAndStayApart) {
  const auto gpu = [](const char* stream) {
    return std::string(R"({"ph":"X","cat":"kernel","name":"k","pid":0,"tid":1,"ts":1,"dur":1,)") +
           R"("args":{"stream":)" + stream + R"(,"correlation":123456789012345678}})";
  };
  const auto trace = import_events(gpu("18446744073709551615") + "," + gpu("18446744073709551614"));
  ASSERT_EQ(trace->tracks().size(), 2U);
  EXPECT_EQ(trace->tracks()[1].name, "stream 18446744073709551615");
  EXPECT_EQ(args_of(*trace)["stream"], "18446744073709551614");
  EXPECT_EQ(args_of(*trace)["correlation"], 123456789012345678);
}

TEST(KinetoBroken, BareWordsAndNonFiniteNumbersAreKeptAsText) {
  const auto trace = import_events(span_json(
      R"("ts":1,"dur":1,"args":{"a":N/A,"b":NaN,"c":-Infinity,"d":99999999999999999999,"e":1.50,"f":null})"));
  EXPECT_EQ(
      trace->args({0, 0}),
      R"({"a":"N/A","b":"NaN","c":"-Infinity","d":"99999999999999999999","e":1.50,"f":null})");
  EXPECT_THAT(trace->info().skipped, IsEmpty());
}

TEST(KinetoBroken, UnescapedQuotesAndControlCharactersAreRepaired) {
  const std::string broken =
      R"({"ph":"X","cat":"kernel","name":"f<"x", 1>","pid":0,"tid":7,"ts":2,"dur":1},)"
      "{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"tab\there\nline\",\"pid\":0,\"tid\":7,\"ts\":3,"
      "\"dur\":1,\"args\":{\"path\":\"C:\\qdir\"}},"
      "{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"bad\xFFutf\",\"pid\":0,\"tid\":7,\"ts\":4,"
      "\"dur\":1}";
  const auto trace = import_events(at("1", "1") + "," + broken + "," + at("5", "1"));
  EXPECT_THAT(all_names(*trace),
              ElementsAre("k", "f<\"x\", 1>", "tab\there\nline", "bad\xEF\xBF\xBDutf", "k"));
  EXPECT_EQ(args_of(*trace, 0, 2)["path"], "C:\\qdir");
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("3 events")));
  EXPECT_EQ(trace->info().events, 5U);
}

TEST(KinetoBroken, ABrokenEventCostsOnlyItself) {
  const auto trace = import_events(
      at("1", "1") + R"(,{"ph":"X","cat":"kernel,"name":"lost","pid":0,"tid":7,"ts":2,"dur":1},)" +
      at("3", "1") + R"(,{"ph":"X" "name":"lost"},)" + at("4", "1"));
  EXPECT_THAT(all_names(*trace), ElementsAre("k", "k", "k"));
  std::uint64_t skipped = 0;
  for (const auto& [reason, count] : trace->info().skipped) skipped += count;
  EXPECT_EQ(skipped, 2U);
}

TEST(KinetoBroken, TheLastEventMayBeBroken) {
  const auto trace = import_events(
      at("1", "1") + R"(,{"ph":"X","cat":"kernel","name":"a "b"","pid":0,"tid":7,"ts":2,"dur":1})",
      "", R"(,"distributedInfo":{"rank":5})");
  EXPECT_THAT(all_names(*trace), ElementsAre("k", "a \"b\""));
  EXPECT_EQ(trace->processes()[0].rank, 5);
}

TEST(KinetoForm, ArrayFormWithAndWithoutItsEnd) {
  const std::string events = at("1", "1") + ",\n" + at("2", "1");
  for (const auto* end : {"]", "", ",", ",]", ",\n"})
    EXPECT_EQ(import_text("[" + events + end)->span_count(), 2U) << end;
}

TEST(KinetoForm, TrailingCommaAndCutOffEnd) {
  EXPECT_EQ(import_events(at("1", "1") + ",")->span_count(), 1U);
  const auto trace = import_text("{\"traceEvents\":[" + at("1", "1") + "," + "{\"ph\":\"X\",\"na");
  EXPECT_EQ(trace->span_count(), 1U);
  EXPECT_EQ(trace->info().skipped.at("cut off at the end of the file"), 1U);
  EXPECT_THAT(trace->info().warnings, ElementsAre(HasSubstr("cut off")));
}

TEST(KinetoForm, ByteOrderMarkIsIgnored) {
  EXPECT_EQ(import_text("\xEF\xBB\xBF{\"traceEvents\":[" + at("1", "1") + "]}")->span_count(), 1U);
}

TEST(KinetoForm, NoUsableEventIsAnError) {
  for (const auto* content : {"{\"traceEvents\":[]}", "[]", "{\"schemaVersion\":1}",
                              "{\"traceEvents\":[{\"ph\":\"M\",\"name\":\"x\"}]}"})
    EXPECT_THROW(import_text(content), Error) << content;
  try {
    import_events(at("1", "-1") + "," + at("1", "-2"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.problem(), HasSubstr("negative duration: 2"));
  }
}

TEST(KinetoInfo, DistributedInfoBeforeOrAfterWithProcessGroups) {
  const std::string info =
      R"("distributedInfo":{"backend":"nccl","rank":3,"world_size":8,)"
      R"("pg_config":[{"pg_name":"0","ranks":[0,1]},{"pg_name":"1","ranks":[]}]})";
  for (const auto& trace :
       {import_events(at("1", "1"), info + ","), import_events(at("1", "1"), "", "," + info)}) {
    EXPECT_EQ(trace->processes()[0].rank, 3);
    EXPECT_EQ(trace->processes()[0].world_size, 8);
    EXPECT_EQ(trace->info().extra.at("process groups"), "2");
  }
}

TEST(KinetoInfo, RankComesFromTheFileNameElseThereIsNone) {
  const std::string text = "[" + at("1", "1") + "]";
  EXPECT_EQ(import_text(text, "step_rank12.json")->processes()[0].rank, 12);
  EXPECT_EQ(import_text(text, "Rank-3.pt.trace.json")->processes()[0].rank, 3);
  EXPECT_EQ(import_text(text, "rank_7.json")->processes()[0].rank, 7);
  EXPECT_EQ(import_text(text, "trace.json")->processes()[0].rank, std::nullopt);
}

TEST(KinetoInfo, DevicePropertiesTwiceAndIncompleteAreRead) {
  const auto trace =
      import_events(at("1", "1"), R"("deviceProperties":[{"id":0,"name":"MI300X"}],)",
                    R"(,"deviceProperties":[{"numSms":304,"name":"MI300X","id":0}])");
  ASSERT_EQ(trace->devices().size(), 1U);
  EXPECT_EQ(trace->devices()[0].sm_count, 304);
  const auto amd = import_events(at("1", "1"), R"("deviceProperties":[{"id":0,"name":"MI300X"}],)");
  EXPECT_EQ(amd->devices()[0].name, "MI300X");
  EXPECT_EQ(amd->devices()[0].sm_count, 0);
}

TEST(KinetoInfo, AnImpossibleSmCountIsUnknownAndCounted) {
  const auto trace =
      import_events(at("1", "1"), R"("deviceProperties":[{"id":0,"name":"X","numSms":65668}],)");
  ASSERT_EQ(trace->devices().size(), 1U);
  EXPECT_EQ(trace->devices()[0].sm_count, 0);
  EXPECT_EQ(trace->info().skipped.at(kImpossibleSmCount), 1U);
}

TEST(KinetoInfo, MetadataAnywhereNamesTracksAndProcesses) {
  const auto trace = import_events(
      R"({"ph":"X","cat":"cpu_op","name":"op","pid":9,"tid":4,"ts":1,"dur":1},)"
      R"({"ph":"M","name":"process_name","pid":9,"tid":0,"args":{"name":"python3"}},)"
      R"({"name":"process_labels","ph":"M","ts":1.5,"pid":9,"tid":0,"args":{"labels":"CPU"}},)"
      R"-({"name":"thread_name","ph":"M","ts":1,"pid":9,"tid":4,"args":{"name":"thread 4 (python3)"}})-");
  EXPECT_EQ(trace->processes()[0].label, "pid 9 python3");
  EXPECT_EQ(trace->tracks()[0].name, "thread 4 (python3)");
  EXPECT_EQ(trace->info().events, 4U);
}

TEST(KinetoKinds, CategoriesAreReadWithoutRegardToCase) {
  const auto event = [](const char* category) {
    return std::string(R"({"ph":"X","name":"n","pid":0,"tid":7,"ts":1,"dur":1,"cat":")") +
           category + "\"}";
  };
  const auto kind = [&](const char* category) {
    return all_spans(*import_events(event(category)))[0].kind;
  };
  EXPECT_EQ(kind("kernel"), SpanKind::Kernel);
  EXPECT_EQ(kind("Kernel"), SpanKind::Kernel);
  EXPECT_EQ(kind("GPU_MEMCPY"), SpanKind::Memcpy);
  EXPECT_EQ(kind("gpu_memset"), SpanKind::Memset);
  EXPECT_EQ(kind("gpu_user_annotation"), SpanKind::GpuAnnotation);
  EXPECT_EQ(kind("cuda_driver"), SpanKind::Runtime);
  EXPECT_EQ(kind("python_function"), SpanKind::Other);
}

TEST(KinetoKinds, OldNamesOfCopiesAreMemory) {
  const auto trace = import_events(
      R"({"ph":"X","cat":"Memcpy","name":"n","pid":0,"tid":7,"ts":1,"dur":1,"args":{"device":0,"stream":7}},)"
      R"({"ph":"X","cat":"Memset","name":"n","pid":0,"tid":7,"ts":3,"dur":1,"args":{"device":0,"stream":7}})");
  const auto devices = analyze_overlap(*trace, Classification(*trace, RuleSet::built_in())).overlap;
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].figures.memory_events, 2U);
  EXPECT_EQ(devices[0].figures.memory, 2000);
  EXPECT_TRUE(trace->info().warnings.empty());
}

TEST(KinetoKinds, WaitsOfStreamsHaveATrackBesideTheStream) {
  const auto trace = import_events(
      R"({"ph":"X","cat":"cuda_sync","name":"Stream Sync","pid":0,"tid":1000007,"ts":1,"dur":9,"args":{"stream":-1,"device":0}},)"
      R"({"ph":"X","cat":"cuda_sync","name":"Stream Wait","pid":0,"tid":7,"ts":1,"dur":9,"args":{"stream":7,"device":0}},)"
      R"({"ph":"X","cat":"cuda_sync","name":"Context Sync","pid":0,"tid":-1,"ts":1,"dur":9,"args":{"stream":-1,"device":0}},)" +
      at("2", "1"));
  std::vector<std::string> names;
  for (const auto& track : trace->tracks()) names.push_back(track.name);
  EXPECT_THAT(names, ElementsAre("context waits", "stream 7", "stream 7 waits"));
  EXPECT_EQ(trace->span_count(1), 1U);
  EXPECT_EQ(trace->span_count(2), 2U);
}

TEST(KinetoKinds, KernelsCarryTheirLaunchConfiguration) {
  const auto trace = import_events(span_json(
      R"("ts":1,"dur":1,"args":{"correlation":44479,"registers per thread":31,"shared memory":1024,)"
      R"("blocks per SM":31.0,"grid":[4096,1,2],"block":[128,1,1],"cluster":[4,1,1]})"));
  const Span span = all_spans(*trace)[0];
  EXPECT_EQ(span.correlation, 44479U);
  const LaunchConfig& launch = trace->launches()[span.launch];
  EXPECT_EQ(launch.grid, (std::array<std::uint32_t, 3>{4096, 1, 2}));
  EXPECT_EQ(launch.block, (std::array<std::uint32_t, 3>{128, 1, 1}));
  EXPECT_EQ(launch.cluster, (std::array<std::uint32_t, 3>{4, 1, 1}));
  EXPECT_EQ(launch.registers_per_thread, 31U);
  EXPECT_EQ(launch.shared_memory, 1024U);
}

TEST(KinetoKinds, NumbersThatChangeTypeAreEqualConfigurations) {
  const auto event = [](const char* registers) {
    return span_json(
        std::string(R"("ts":1,"dur":1,"args":{"grid":[2,1,1],"registers per thread":)") +
        registers + "}");
  };
  const auto spans = all_spans(*import_events(event("32") + "," + event("32.0")));
  EXPECT_EQ(spans[0].launch, spans[1].launch);
}

TEST(KinetoEvents, DuplicatesGraphReplaysAndOverlappingKernelsAreAllKept) {
  std::string events;
  for (int i = 0; i < 544; ++i)
    events += span_json(R"("ts":1,"dur":5,"args":{"correlation":77,"stream":7})") + ",";
  const auto trace = import_events(events);
  EXPECT_EQ(trace->span_count(), 544U);
  for (const auto& span : all_spans(*trace)) ASSERT_EQ(span.correlation, 77U);
}

TEST(KinetoEvents, BeginAndEndMakeSpansInnermostFirst) {
  const auto event = [](const char* phase, const char* name, int ts) {
    return std::string(R"({"ph":")") + phase + R"(","cat":"user_annotation","name":")" + name +
           R"(","pid":1,"tid":1,"ts":)" + std::to_string(ts) + "}";
  };
  const auto trace = import_events(event("E", "inner", 30) + "," + event("B", "outer", 10) + "," +
                                   event("B", "inner", 20) + "," + event("E", "outer", 50) + "," +
                                   event("E", "", 60) + "," + event("B", "open", 70));
  const auto spans = all_spans(*trace);
  EXPECT_THAT(all_names(*trace), ElementsAre("outer", "inner"));
  EXPECT_EQ(spans[0].duration, 40000);
  EXPECT_EQ(spans[1].duration, 10000);
  EXPECT_EQ(trace->info().skipped.at("end without begin"), 1U);
  EXPECT_EQ(trace->info().skipped.at("begin without end"), 1U);
}

TEST(KinetoEvents, AsynchronousSpansCountersMarksAndFlows) {
  const auto trace = import_events(
      R"({"ph":"b","cat":"req","id":"0x1","name":"r","pid":1,"tid":1,"ts":10},)"
      R"({"ph":"e","cat":"req","id":"0x1","name":"r","pid":1,"tid":1,"ts":15},)"
      R"({"ph":"e","cat":"req","id":"0x2","name":"r","pid":1,"tid":1,"ts":15},)"
      R"({"ph":"C","name":"mem","pid":1,"ts":12,"args":{"used":5,"free":1.5}},)"
      R"({"ph":"C","name":"mem","pid":1,"ts":11,"args":{"used":7}},)"
      R"({"ph":"I","name":"mark","pid":1,"tid":1,"ts":13},)"
      R"({"ph":"s","id":1,"pid":1,"tid":1,"ts":1,"cat":"ac2g","name":"ac2g"},)"
      R"({"ph":"f","id":9,"pid":1,"tid":1,"ts":1,"cat":"ac2g","name":"ac2g","bp":"e"},)"
      R"({"ph":"O","id":1,"pid":1,"tid":1,"ts":1,"name":"object"})");
  EXPECT_THAT(all_names(*trace), UnorderedElementsAre("r", "mark"));
  ASSERT_EQ(trace->counters().size(), 2U);
  EXPECT_EQ(trace->counters()[1].name, "mem used");
  EXPECT_THAT(trace->counters()[1].times, ElementsAre(1000, 2000));
  EXPECT_THAT(trace->counters()[1].values, ElementsAre(7, 5));
  EXPECT_EQ(trace->info().extra.at("flow events"), "2");
  EXPECT_EQ(trace->info().skipped,
            (std::map<std::string, std::uint64_t>{{"asynchronous end without begin", 1},
                                                  {"phase O is not shown", 1}}));
}

TEST(KinetoArgs, EveryArgumentIsKept) {
  const auto trace = import_events(span_json(
      R"("ts":1,"dur":1,"id":12,"tts":5,"args": { "Process Group Ranks" : "[0, 1, 2]" , "x": {"y": [1, {"z":"q\"\u00e9"}]} })"));
  const auto args = args_of(*trace);
  EXPECT_EQ(args["Process Group Ranks"], "[0, 1, 2]");
  EXPECT_EQ(args["x"]["y"][1]["z"], "q\"\u00e9");
  EXPECT_EQ(args["id"], 12);
  EXPECT_EQ(args["tts"], 5);
}

TEST(KinetoArgs, CanBeLeftOutWithoutChangingSpans) {
  const std::string text =
      "[" + span_json(R"("ts":1,"dur":1,"args":{"correlation":5,"stream":3})") + "]";
  const auto trace = import_text(text, "trace.json", {false, 1});
  EXPECT_EQ(trace->args({0, 0}), "");
  EXPECT_EQ(all_spans(*trace)[0].correlation, 5U);
  EXPECT_EQ(trace->tracks()[0].id, 3);
}

TEST(KinetoNames, EscapesAreResolvedAndLongNamesKept) {
  const std::string name(1464, 'x');
  const auto trace = import_events(
      R"({"ph":"X","cat":"kernel","name":"a\"\u003cb\ud83d\ude00\/","pid":0,"tid":7,"ts":1,"dur":1},)"
      R"({"ph":"X","cat":"kernel","name":")" +
      name + R"(","pid":0,"tid":7,"ts":2,"dur":1})");
  EXPECT_THAT(all_names(*trace), ElementsAre("a\"<b\xF0\x9F\x98\x80/", name));
}

TEST(KinetoProbe, OtherJsonIsNotRecognised) {
  const auto recognised = [](const std::string& content) {
    const test::TemporaryFile file(content);
    return find_importer("kineto")->recognises(probe_file(file.path()));
  };
  EXPECT_FALSE(recognised(R"({"model":"x","logical_count":[[1,2]]})"));
  EXPECT_FALSE(recognised("ph,name\n"));
  EXPECT_TRUE(recognised("[" + at("1", "1")));
  EXPECT_TRUE(recognised("{\"schemaVersion\":1,\"deviceProperties\":["));
}

}  // namespace
}  // namespace moescope
