// `moescope compare` on pairs whose difference is known: profiles of one model with an operator
// replaced, and recordings of the embedded runtime that was set up differently.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/node_process.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::Contains;
using testing::HasSubstr;

/// A kernel of the model: name, runs in a step, µs of a run.
struct Operator {
  std::string name;
  int runs;
  int us;
};

/// A profile as PyTorch writes it, of `steps` steps of a model: what HTA's trace_diff compares. The
/// same seed varies the runs in the same way.
class Profile {
 public:
  Profile(std::vector<Operator> model, int steps) {
    for (int step = 0; step < steps; ++step) {
      const double begin = now_;
      for (const Operator& op : model)
        for (int run = 0; run < op.runs; ++run) launch(op);
      event({{"ph", "X"},
             {"cat", "user_annotation"},
             {"tid", 1},
             {"pid", 100},
             {"name", "ProfilerStep#" + std::to_string(step)},
             {"ts", begin},
             {"dur", now_ - begin}});
    }
  }
  std::string text() const {
    return json{{"schemaVersion", 1},
                {"distributedInfo", {{"rank", 0}, {"world_size", 1}}},
                {"traceEvents", events_}}
        .dump();
  }
  /// Counted here and not by the program: runs and ns by name.
  const std::map<std::string, std::pair<int, std::int64_t>>& kernels() const { return kernels_; }

 private:
  void launch(const Operator& op) {
    ++correlation_;
    // A tenth more or less, in whole µs.
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    const int spread = std::max(op.us / 5, 1);
    const int us = op.us - op.us / 10 + static_cast<int>((state_ >> 33) % spread);
    event({{"ph", "X"},
           {"cat", "cuda_runtime"},
           {"name", "cudaLaunchKernel"},
           {"pid", 100},
           {"tid", 1},
           {"ts", now_},
           {"dur", 1},
           {"args", {{"correlation", correlation_}}}});
    event({{"ph", "X"},
           {"cat", "kernel"},
           {"name", op.name},
           {"pid", 0},
           {"tid", 7},
           {"ts", now_ + 2},
           {"dur", us},
           {"args", {{"device", 0}, {"stream", 7}, {"correlation", correlation_}}}});
    now_ += us + 3;
    auto& [runs, ns] = kernels_[op.name];
    ++runs;
    ns += us * 1000;
  }
  void event(json event) { events_.push_back(std::move(event)); }

  json events_ = json::array();
  std::map<std::string, std::pair<int, std::int64_t>> kernels_;
  std::uint64_t state_ = 7;
  int correlation_ = 0;
  double now_ = 1000;
};

const std::vector<Operator> kModel = {{"sm90_xmma_gemm", 6, 80},
                                      {"flash_fwd_kernel", 2, 120},
                                      {"rms_norm_kernel", 4, 10},
                                      {"ncclDevKernel_AllReduce", 2, 60},
                                      {"at_native_gelu", 3, 20}};

json row_of(const json& document, const std::string& scope, const std::string& key,
            const std::string& figure) {
  for (const json& row : document["differences"])
    if (row["scope"] == scope && row["key"] == key && row["figure"] == figure) return row;
  return {};
}

class ComparePairs : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  json compare(const std::string& a, const std::string& b) {
    const auto result = run_moescope({"compare", a, b, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  }
  test::TempFolder folder_;
};

TEST_F(ComparePairs, AReplacedOperatorAndAnotherCountAreFoundAsTheyWereWritten) {
  std::vector<Operator> changed = kModel;
  changed[4] = {"fused_gelu_kernel", 3, 8};  // the operator that was replaced
  changed[2].runs = 5;                       // one more run in every step
  changed[1].us = 180;                       // slower
  const Profile before(kModel, 8), after(changed, 8);
  const json document = compare(write("a.json", before.text()), write("b.json", after.text()));
  EXPECT_EQ(document["aligned_by"], "step");
  std::map<std::string, int> rows;
  for (const auto* side : {&before.kernels(), &after.kernels()})
    for (const auto& [name, work] : *side) ++rows[name];
  for (const auto& [name, sides] : rows) {
    for (const auto& [key, kernels] :
         {std::pair{"a", &before.kernels()}, std::pair{"b", &after.kernels()}}) {
      const json runs = row_of(document, "kernel", name, "count")[key];
      const json time = row_of(document, "kernel", name, "total_ns")[key];
      const auto found = kernels->find(name);
      EXPECT_EQ(runs, found == kernels->end() ? json() : json(found->second.first)) << name;
      EXPECT_EQ(time, found == kernels->end() ? json() : json(found->second.second)) << name;
    }
  }
  const auto change = [&](const char* name) {
    return row_of(document, "kernel", name, "total_ns")["change"];
  };
  EXPECT_EQ(change("at_native_gelu"), "gone");
  EXPECT_EQ(change("fused_gelu_kernel"), "new");
  EXPECT_EQ(change("flash_fwd_kernel"), "slower");
  EXPECT_EQ(change("sm90_xmma_gemm"), "same");
  EXPECT_EQ(row_of(document, "kernel", "rms_norm_kernel", "count")["change"], "more");
  EXPECT_EQ(row_of(document, "kernel", "sm90_xmma_gemm", "count")["change"], "same");
  const auto causes = document["causes"].get<std::vector<std::string>>();
  EXPECT_THAT(causes, Contains(HasSubstr("flash_fwd_kernel is slower")));
  EXPECT_THAT(causes, Contains(HasSubstr("gone: at_native_gelu")));
  EXPECT_THAT(causes, Contains(HasSubstr("new: fused_gelu_kernel")));
}

TEST_F(ComparePairs, OfAnotherNumberOfStepsTheMeansAreJudged) {
  const Profile shorter(kModel, 6), longer(kModel, 12);
  const json document = compare(write("a.json", shorter.text()), write("b.json", longer.text()));
  for (const Operator& op : kModel)
    for (const char* figure : {"total_ns", "count"})
      EXPECT_EQ(row_of(document, "kernel", op.name, figure)["change"], "same") << op.name;
}

TEST_F(ComparePairs, AProfileWithItselfDiffersInNothing) {
  const auto file = write("a.json", Profile(kModel, 8).text());
  const json document = compare(file, file);
  EXPECT_EQ(document["causes"], json({"nothing differs"}));
}

TEST_F(ComparePairs, ReportAndCsvHoldOneAgainstTheOther) {
  std::vector<Operator> changed = kModel;
  changed[1].us = 240;
  const auto a = write("a.json", Profile(kModel, 8).text());
  const auto b = write("b.json", Profile(changed, 8).text());
  const auto csv = run_moescope({"compare", a, b, "--csv", path("out.csv")});
  ASSERT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_THAT(test::read_file(path("out.csv")),
              testing::StartsWith("scope,key,figure,a,b,delta,delta_pct,noise,significant,"));
  EXPECT_THAT(test::read_file(path("out.csv")), HasSubstr("\nkernel,flash_fwd_kernel,total_ns,"));
  EXPECT_EQ(run_moescope({"compare", a, b, "--csv", b}).exit_code, 1) << "it would be lost";
  const auto made = run_moescope({"report", b, "--against", a, "-o", path("out.html")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string html = test::read_file(path("out.html"));
  EXPECT_THAT(html, HasSubstr("What differs from"));
  EXPECT_THAT(html, HasSubstr("flash_fwd_kernel is slower"));
  EXPECT_LT(html.find("What differs from"), html.find("What was opened")) << "the summary is first";
  EXPECT_EQ(run_moescope({"report", a, b, "--against", a, "-o", path("no.html")}).exit_code, 1);
}

TEST_F(ComparePairs, PlansAndLoadsHaveCsvAndReportToo) {
  const auto plan = [&](const char* name, const char* last) {
    return write(name, std::string(R"({"schema":1,"physical_to_logical_map":[[0,1,2,)") + last +
                           R"(]],"num_gpus":2,"num_nodes":1,"num_groups":1})");
  };
  const auto a = plan("a.json", "0"), b = plan("b.json", "1");
  ASSERT_EQ(run_moescope({"compare", a, b, "--csv", path("plans.csv")}).exit_code, 0);
  EXPECT_THAT(test::read_file(path("plans.csv")), HasSubstr("plan,,slots_changed,0,1,1,"));
  const auto made = run_moescope({"report", b, "--against", a, "-o", path("plans.html")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(test::read_file(path("plans.html")), HasSubstr("1 of 1 layers change"));
  const auto x = write("a.csv", "layer_id,expert_id,count\n0,0,10\n0,1,10\n");
  const auto y = write("b.csv", "layer_id,expert_id,count\n0,0,40\n0,1,10\n");
  ASSERT_EQ(run_moescope({"compare", x, y, "--csv", path("loads.csv")}).exit_code, 0);
  EXPECT_THAT(test::read_file(path("loads.csv")), HasSubstr("layer,0,imbalance,1,1.6,"));
  const auto loads = run_moescope({"report", y, "--against", x, "-o", path("loads.html")});
  ASSERT_EQ(loads.exit_code, 0) << loads.err;
  EXPECT_THAT(test::read_file(path("loads.html")), HasSubstr("layer 0: imbalance 1.000"));
}

TEST_F(ComparePairs, OneStepIsHeldAgainstAnother) {
  const auto file = write("a.json", Profile(kModel, 8).text());
  const auto result = run_moescope({"steps", file, "--step", "5", "--against", "2", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["a"]["step"]["number"], 2);
  EXPECT_EQ(document["b"]["step"]["number"], 5);
  EXPECT_EQ(row_of(document, "kernel", "sm90_xmma_gemm", "count")["a"], 6);
  EXPECT_EQ(row_of(document, "kernel", "sm90_xmma_gemm", "count")["b"], 6);
  EXPECT_FALSE(row_of(document, "kernel", "sm90_xmma_gemm", "total_ns")["noise"].is_null());
  const auto median = run_moescope({"steps", file, "--step", "5", "--against", "median"});
  EXPECT_EQ(median.exit_code, 0) << median.err;
  EXPECT_THAT(median.out, HasSubstr("B: step 5 of "));
  EXPECT_EQ(run_moescope({"steps", file, "--step", "5", "--against", "77"}).exit_code, 1);
  EXPECT_EQ(run_moescope({"steps", file, "--step", "5", "--against", "x"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"steps", file, "--against", "2"}).exit_code, 2);
}

/// Recordings of the embedded runtime: the same requests, set up differently.
class CompareRecordings : public ComparePairs {
 protected:
  std::string record(const std::string& name, std::vector<std::string> more,
                     const char* steps = "40") {
    std::vector<std::string> arguments = {"record",    "--ranks",    "4",
                                          "--nodes",   "1",          "--steps",
                                          steps,       "--workload", "rate=400,output=4:8",
                                          "--workers", "4",          "-o",
                                          path(name)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return path(name);
  }
  static std::vector<std::string> causes(const json& document) {
    return document["causes"].get<std::vector<std::string>>();
  }
};

TEST_F(CompareRecordings, MoreWorkersOfCommunicationAreNamed) {
  constexpr const char* kSeconds = "160";  // steps: workers are recorded once a second
  const json document = compare(record("one.moetrace", {"--comm-workers", "1"}, kSeconds),
                                record("two.moetrace", {"--comm-workers", "2"}, kSeconds));
  EXPECT_EQ(document["aligned_by"], "step");
  EXPECT_THAT(causes(document), Contains("a rank has 2.0 workers for communication, before 1.0"));
}

TEST_F(CompareRecordings, MicroBatchesOneAfterTheOtherAreNamed) {
  const json document =
      compare(record("overlapped.moetrace", {}), record("serial.moetrace", {"--serial"}));
  EXPECT_THAT(causes(document), Contains(HasSubstr("micro-batches run beside each other less")));
  EXPECT_LT(row_of(document, "trace", "", "overlap_pct")["b"],
            row_of(document, "trace", "", "overlap_pct")["a"]);
}

TEST_F(CompareRecordings, AnotherPlanIsNamedOfTwoRecordingsAndBeforeAndAfterItsChange) {
  // A plan of the right form, with the first and the last expert of every layer exchanged.
  const auto plan = path("plan.json");
  {
    test::NodeProcess node(folder_);
    ASSERT_TRUE(node.ready()) << node.messages();
    ASSERT_EQ(run_moescope({"status", node.target(), "--save-plan", plan}).exit_code, 0);
  }
  json document = json::parse(test::read_file(plan));
  for (json& row : document["physical_to_logical_map"]) std::swap(row.front(), row.back());
  const auto swapped = write("swapped.json", document.dump());
  const auto before = record("before.moetrace", {}),
             after = record("after.moetrace", {"--plan", swapped});
  const json two = compare(before, after);
  EXPECT_THAT(causes(two), Contains(HasSubstr("another plan: ")));
  EXPECT_GT(row_of(two, "loads", "decode", "imbalance_mean")["b"], 1) << "expert loads of both";
  const auto changed = run_moescope({"record", "--ranks", "4", "--nodes", "1", "--seconds", "4",
                                     "--workload", "rate=100,output=4:8", "--next-plan", swapped,
                                     "--next-plan-at", "1.5", "-o", path("changed.moetrace")});
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  const auto result =
      run_moescope({"compare", path("changed.moetrace"), "--before-after", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json parts = json::parse(result.out);
  EXPECT_EQ(parts["a"]["part"], "before");
  EXPECT_EQ(parts["b"]["part"], "after");
  EXPECT_LE(parts["a"]["end_ns"], parts["b"]["begin_ns"]);
  EXPECT_EQ(parts["a"]["end_ns"].get<std::int64_t>() - parts["a"]["begin_ns"].get<std::int64_t>(),
            parts["b"]["end_ns"].get<std::int64_t>() - parts["b"]["begin_ns"].get<std::int64_t>());
  EXPECT_GT(parts["a"]["steps"]["count"], 0);
  EXPECT_GT(parts["b"]["steps"]["count"], 0);
  EXPECT_THAT(causes(parts), Contains(HasSubstr("another plan: ")));
  const auto none =
      run_moescope({"compare", path("changed.moetrace"), "--before-after", "--epoch", "9"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("no plan of epoch 9 came into force"));
  EXPECT_EQ(run_moescope({"compare", before, "--before-after"}).exit_code, 1) << "no change in it";
  EXPECT_EQ(run_moescope({"compare", before}).exit_code, 2);
  EXPECT_EQ(run_moescope({"compare", before, after, "--before-after"}).exit_code, 2);
}

TEST_F(CompareRecordings, ARecordingWithItselfDiffersInNothing) {
  const auto file = record("a.moetrace", {});
  EXPECT_EQ(compare(file, file)["causes"], json({"nothing differs"}));
}

}  // namespace
}  // namespace moescope
