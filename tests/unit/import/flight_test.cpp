// PyTorch's Flight Recorder, as pickles and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/trace.h"
#include "tests/support/error_of.h"
#include "tests/support/import_file.h"
#include "tests/support/temp_folder.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;
namespace t = test;

constexpr long long kFlightEpoch = 1'752'867'229'000'000'000;

/// An integer as torch's Pickler writes those beyond 32 bits.
std::string p_long(long long value) {
  return "\x8a\x08" + t::little(static_cast<std::uint64_t>(value), 8);
}
std::string p_real(double value) {
  auto bits = t::little(std::bit_cast<std::uint64_t>(value), 8);
  std::reverse(bits.begin(), bits.end());
  return "G" + bits;
}

struct FlightEntry {
  int number = 1;
  std::string name = "nccl:all_reduce", state = "completed";
  long long created = 0, started = 0, completed = 0;  ///< us after the epoch; 0: missing
  double duration_ms = -1;

  long long ns(long long us) const { return kFlightEpoch + us * 1000; }
  std::string pickled() const {
    const auto time = [&](long long us) { return us > 0 ? p_long(ns(us)) : std::string("N"); };
    std::vector<std::pair<std::string, std::string>> items = {
        {"record_id", t::p_int(number)},
        {"pg_id", t::p_int(0)},
        {"process_group", t::p_text("0") + t::p_text("default_pg") + "\x86"},
        {"collective_seq_id", t::p_int(number)},
        {"p2p_seq_id", t::p_int(0)},
        {"op_id", t::p_int(number)},
        {"profiling_name", t::p_text(name)},
        {"time_created_ns", p_long(ns(created))},
        {"input_sizes", t::p_list({t::p_list({t::p_int(3), t::p_int(4)})})},
        {"input_dtypes", t::p_list({t::p_text("Float")})},
        {"state", t::p_text(state)},
        {"time_discovered_started_ns", time(started)},
        {"time_discovered_completed_ns", time(completed)},
        {"retired", "\x88"},
        {"is_p2p", "\x89"},
        {"timeout_ms", t::p_int(600000)},
        {"frames", t::p_list({t::p_dict({{"name", t::p_text("all_reduce")},
                                         {"filename", t::p_text("distributed_c10d.py")},
                                         {"line", t::p_int(2696)}})})}};
    if (duration_ms >= 0) items.emplace_back("duration_ms", p_real(duration_ms));
    return t::p_dict(items);
  }
  nlohmann::json json() const {
    const auto time = [&](long long us) { return us > 0 ? ns(us) : 0; };
    nlohmann::json entry = {{"record_id", number},
                            {"pg_id", 0},
                            {"process_group", {"0", "default_pg"}},
                            {"collective_seq_id", number},
                            {"p2p_seq_id", 0},
                            {"op_id", number},
                            {"profiling_name", name},
                            {"time_created_ns", ns(created)},
                            {"input_sizes", {{3, 4}}},
                            {"input_dtypes", {"Float"}},
                            {"state", state},
                            {"time_discovered_started_ns", time(started)},
                            {"time_discovered_completed_ns", time(completed)},
                            {"retired", true},
                            {"is_p2p", false},
                            {"timeout_ms", 600000}};
    if (duration_ms >= 0) entry["duration_ms"] = duration_ms;
    return entry;
  }
};

const std::vector<FlightEntry> kEntries = {
    {.number = 1, .created = 100, .started = 200, .completed = 900, .duration_ms = 0.5},
    {.number = 2, .created = 300, .started = 950, .completed = 1000},
    {.number = 3, .state = "started", .created = 600, .started = 1500},
    {.number = 4, .name = "nccl:all_gather", .state = "scheduled", .created = 1600}};

std::string flight_pickle(const std::vector<FlightEntry>& entries,
                          const std::string& version = "2.4") {
  std::vector<std::string> list;
  for (const auto& entry : entries) list.push_back(entry.pickled());
  return t::pickled(t::p_dict(
      {{"version", t::p_text(version)},
       {"pg_config", t::p_dict({{"0", t::p_dict({{"name", t::p_text("0")},
                                                 {"desc", t::p_text("default_pg")},
                                                 {"ranks", t::p_text("[0, 1, 2, 3]")}})}})},
       {"pg_status", t::p_dict({{"0", t::p_dict({{"last_enqueued_collective", t::p_int(4)},
                                                 {"last_started_collective", t::p_int(3)},
                                                 {"last_completed_collective", t::p_int(2)}})}})},
       {"entries", t::p_list(list)}}));
}
std::string flight_json(const std::vector<FlightEntry>& entries) {
  nlohmann::json document = {
      {"version", "2.10"},
      {"comm_lib_version", "2.27.5"},
      {"pg_config", {{"0", {{"name", "0"}, {"desc", "default_pg"}, {"ranks", "[0, 1, 2, 3]"}}}}},
      {"pg_status",
       {{"0",
         {{"last_enqueued_collective", "4"},
          {"last_started_collective", "3"},
          {"last_completed_collective", "2"}}}}}};
  for (const auto& entry : entries) document["entries"].push_back(entry.json());
  return document.dump();
}

class Flight : public testing::Test {
 protected:
  TracePtr open(const std::string& bytes, const std::string& name = "nccl_trace_rank_2") {
    t::write_bytes(folder_ / name, bytes);
    return t::open_file(folder_ / name);
  }
  std::string error(const std::string& bytes) {
    return t::error_of([&] { open(bytes); });
  }

 private:
  t::TempFolder folder_;
};

void expect_the_entries(const Trace& trace) {
  EXPECT_EQ(trace.info().format, "flight");
  EXPECT_EQ(trace.info().start_epoch_ns, kFlightEpoch + 100'000);
  ASSERT_EQ(trace.processes().size(), 1U);
  EXPECT_EQ(trace.processes()[0].rank, 2);
  EXPECT_EQ(trace.processes()[0].world_size, 4);
  std::vector<t::NamedSpan> work;
  for (const auto& span : t::named_spans(trace))
    if (span.kind == SpanKind::Annotation) work.push_back(span);
  ASSERT_EQ(work.size(), 4U);
  EXPECT_EQ(work[0].name, "nccl:all_reduce");
  EXPECT_EQ(work[0].start, 300'000);  // 0.5 ms before it was seen to be complete
  EXPECT_EQ(work[0].duration, 500'000);
  EXPECT_EQ(work[1].start, 850'000);  // seen by the watchdog
  EXPECT_EQ(work[1].duration, 50'000);
  EXPECT_EQ(work[2].duration, 100'000);  // open until the last event
  EXPECT_EQ(work[3].name, "nccl:all_gather");
  EXPECT_EQ(work[0].args["input_sizes"], nlohmann::json({{3, 4}}));
  EXPECT_EQ(work[0].args["process_group"], "0 (default_pg)");
  EXPECT_EQ(work[0].args["enqueued_before_start_us"], 100);
  EXPECT_EQ(work[2].args["state"], "started");
  EXPECT_THAT(trace.info().warnings,
              Contains(HasSubstr("2 of 4 collectives had not completed when the dump was written; "
                                 "the first is nccl:all_reduce, number 3")));
  EXPECT_THAT(trace.info().extra,
              Contains(Pair("process group 0", HasSubstr("started 3, completed 2"))));
}

TEST_F(Flight, APickleHasTheLastCollectives) {
  const auto trace = open(flight_pickle(kEntries));
  expect_the_entries(*trace);
  bool stack = false;
  for (const auto& span : t::named_spans(*trace))
    stack = stack || (span.args.is_object() && span.args.contains("stack") &&
                      span.args["stack"][0] == "all_reduce (distributed_c10d.py:2696)");
  EXPECT_TRUE(stack);
}

TEST_F(Flight, JsonHasTheSame) {
  const auto trace = open(flight_json(kEntries));
  expect_the_entries(*trace);
  EXPECT_THAT(trace->info().producer, HasSubstr("2.27.5"));
}

TEST_F(Flight, BrokenEntriesAreCounted) {
  auto document = nlohmann::json::parse(flight_json(kEntries));
  document["entries"].push_back({{"profiling_name", "x"}});
  document["entries"].push_back(7);
  auto backwards = kEntries[1].json();
  backwards["time_discovered_completed_ns"] = 5;
  document["entries"].push_back(backwards);
  const auto trace = open(document.dump());
  expect_the_entries(*trace);
  EXPECT_EQ(trace->info().events, 7U);
  EXPECT_THAT(trace->info().skipped, Contains(Key("entry without the time of its enqueueing")));
  EXPECT_THAT(trace->info().skipped, Contains(Key("entry that completes before it starts")));
}

TEST_F(Flight, OtherPicklesAndVersionsAreRefused) {
  EXPECT_THAT(error(flight_pickle(kEntries, "3.0")), HasSubstr("version 3.0"));
  EXPECT_THAT(error(flight_pickle({})), HasSubstr("no collective"));
  const auto whole = flight_pickle(kEntries);
  EXPECT_THAT(error(whole.substr(0, whole.size() / 2)), HasSubstr("cut off"));
  EXPECT_THAT(error(t::pickled(t::p_text("version") + t::p_text("entries") + "cos\nsystem\n")),
              HasSubstr("refused"));
  EXPECT_THAT(error(flight_json(kEntries).substr(0, 400)), HasSubstr("complete JSON"));
}

}  // namespace
}  // namespace moescope
