// Plans out to the forms of serving engines and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/placement/engines/engine.h"
#include "core/placement/solve/solve.h"
#include "tests/support/data.h"
#include "tests/support/engine_forms.h"
#include "tests/support/load_generator.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using test::form;

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using Map = std::vector<std::vector<int>>;

Plan sample() {
  return {.num_gpus = 2,
          .num_nodes = 2,
          .num_groups = 2,
          .num_experts = 4,
          .physical_to_logical = {{0, 1, 2, 2, 3, 0}, {3, 1, 0, 2, 0, 1}},
          .layer_ids = {2, 3}};
}

std::string text_of(const EngineForm& engine) {
  return export_plan(sample(), engine, "FILE").text;
}

Plan back(const std::string& text, const EngineForm& engine) {
  ImportShape shape;
  shape.gpus = 2;
  return import_plan(text, engine, shape, "test");
}

TEST(PlanEngines, EveryFormReadsBackEqual) {
  const auto loads = test::r1_loads(1, 0, 3, 64);
  SolveOptions options;
  options.gpus = 16;
  options.slot_count = 80;
  options.layer_ids = {3, 4, 5};
  Progress progress;
  const auto plan = solve_plan({loads}, options, progress).plan;
  const test::TempFolder folder;
  for (const char* name : {"sglang", "trtllm", "trtllm-report", "vllm", "vllm-ascend", "csv"}) {
    SCOPED_TRACE(name);
    const EngineForm& engine = form(name);
    EXPECT_STREQ(engine.name(), name);
    EXPECT_EQ(recognise_engine_form(engine.write(plan)),
              &form(engine.read_as_another() ? "trtllm" : name));
    const auto path = folder / "plan.json";
    write_engine_file(plan, engine, path);  // throws when it differs
    ImportShape shape;
    shape.gpus = 16;
    const auto read = import_plan(read_text_file(path, 1 << 20), engine, shape, path.string());
    EXPECT_EQ(read.num_experts, 64);
    if (&engine == &form("sglang")) {
      ASSERT_EQ(read.layers(), 6);
      EXPECT_EQ(Map(read.physical_to_logical.begin() + 3, read.physical_to_logical.end()),
                plan.physical_to_logical);
    } else {
      EXPECT_EQ(read.physical_to_logical, plan.physical_to_logical);
    }
    if (&engine == &form("trtllm") || &engine == &form("csv")) {
      EXPECT_EQ(read.layer_ids, plan.layer_ids);
    }
  }
}

TEST(PlanEngines, SglangHasOneKeyAndAllLayersOfTheModel) {
  const auto document = json::parse(text_of(form("sglang")));
  EXPECT_EQ(document.size(), 1U);  // any other key is a TypeError in the server
  EXPECT_EQ(document["physical_to_logical_map"],
            (json{{0, 1, 2, 3, 0, 1}, {0, 1, 2, 3, 0, 1}, {0, 1, 2, 2, 3, 0}, {3, 1, 0, 2, 0, 1}}));
  const auto written = export_plan(sample(), form("sglang"), "/x/plan.json");
  EXPECT_THAT(written.launch, HasSubstr("--init-expert-location /x/plan.json"));
  EXPECT_THAT(written.launch, HasSubstr("--ep-num-redundant-experts 2"));
}

TEST(PlanEngines, TensorRtIsStrictOrForTheReport) {
  EXPECT_EQ(text_of(form("trtllm")),
            "num_slots: 6\n"
            "initial_global_assignments:\n"
            "  2: [0, 1, 2, 2, 3, 0]\n"
            "  3: [3, 1, 0, 2, 0, 1]\n"
            "layer_updates_per_iter: 0\n");
  EXPECT_THAT(text_of(form("trtllm-report")), HasSubstr("ep_size: 2\n"));
  EXPECT_EQ(import_plan(text_of(form("trtllm-report")), form("trtllm"), {}, "t").num_gpus, 2);
}

TEST(PlanEngines, VllmCountsMoeLayersFromZero) {
  const auto record = json::parse(text_of(form("vllm")));
  EXPECT_EQ(record["record_type"], "eplb_initial_mapping");
  EXPECT_EQ(record["version"], 1);
  EXPECT_EQ(record["num_redundant_experts"], 2);
  EXPECT_EQ(record["num_slots"], 6);
  EXPECT_EQ(record["initial_global_assignments"],
            (json{{"0", {0, 1, 2, 2, 3, 0}}, {"1", {3, 1, 0, 2, 0, 1}}}));
  EXPECT_THAT(export_plan(sample(), form("vllm"), "f").caveats,
              Contains(HasSubstr("experimental")));
}

TEST(PlanEngines, VllmAscendReadsTheRealSample) {
  MOESCOPE_REQUIRE_DATA("vllm-ascend_expert_map.json");
  const auto text = read_text_file(test::shared_data("vllm-ascend_expert_map.json"), 1 << 20);
  const auto plan = import_plan(text, form("vllm-ascend"), {}, "sample");
  EXPECT_EQ(plan.num_gpus, 2);
  EXPECT_EQ(plan.num_experts, 8);
  EXPECT_EQ(plan.physical_to_logical, (Map{{7, 2, 0, 3, 5, 6, 1, 4, 7, 2}}));
  const auto again = export_plan(plan, form("vllm-ascend"), "x.json").text;
  EXPECT_EQ(json::parse(again), json::parse(text));
}

TEST(PlanEngines, WhatAnEngineCannotTakeIsRefused) {
  auto twice = sample();
  twice.physical_to_logical[0] = {0, 1, 0, 2, 3, 0};
  EXPECT_THROW(export_plan(twice, form("vllm-ascend"), "f.json"), Error);
  EXPECT_NO_THROW(export_plan(twice, form("sglang"), "f"));
  auto dead = sample();
  dead.physical_to_logical = {{0, 1, 2, 3, -1, -1, -1, -1}, {0, 1, 2, 3, -1, -1, -1, -1}};
  dead.dead_gpus = {1};
  EXPECT_THROW(export_plan(dead, form("trtllm"), "f"), Error);
  EXPECT_THROW(export_plan(dead, form("vllm-ascend"), "f.json"), Error);
  auto broken = sample();
  broken.physical_to_logical[1][0] = 9;
  EXPECT_THROW(export_plan(broken, form("trtllm"), "f"), Error);
  const test::TempFolder folder;
  EXPECT_THROW(write_engine_file(sample(), form("vllm-ascend"), folder / "map.txt"), Error);
  EXPECT_THROW(write_engine_file(sample(), form("sglang"), "/nonexistent/plan.json"), Error);
}

TEST(PlanEngines, DeadGpusAreWrittenAsElasticEnginesHoldThem) {
  auto plan = sample();
  plan.physical_to_logical = {{0, 1, 2, 3, -1, -1, -1, -1}, {3, 1, 2, 0, -1, -1, -1, -1}};
  plan.dead_gpus = {1};
  const test::TempFolder folder;
  const auto sglang = write_engine_file(plan, form("sglang"), folder / "p.json");
  EXPECT_EQ(json::parse(sglang.text)["physical_to_logical_map"][2], (json{0, 1, 2, 3, 0, 0, 0, 0}));
  EXPECT_THAT(sglang.launch, HasSubstr("--elastic-ep-backend"));
  EXPECT_THAT(sglang.caveats, Contains(HasSubstr("dead GPUs (1)")));
  const auto vllm = write_engine_file(plan, form("vllm"), folder / "p.jsonl");
  EXPECT_EQ(json::parse(vllm.text)["initial_global_assignments"]["1"],
            (json{3, 1, 2, 0, -1, -1, -1, -1}));
  const auto read = back(vllm.text, form("vllm"));
  EXPECT_EQ(read.physical_to_logical, plan.physical_to_logical);
  EXPECT_EQ(read.dead_gpus, plan.dead_gpus);
}

// The rules of SGLang 0.5.23 and vLLM 0.33, see docs/engines.md.
TEST(PlanEngines, LaunchLinesHoldOnlyWhatTheEnginesTake) {
  const auto sglang = export_plan(sample(), form("sglang"), "p.json").launch;
  EXPECT_EQ(sglang,
            "--tp-size 2 --ep-size 2 --init-expert-location p.json --ep-num-redundant-experts 2");
  const auto vllm = export_plan(sample(), form("vllm"), "p.jsonl");
  EXPECT_EQ(vllm.launch,
            "--data-parallel-size 2 --enable-expert-parallel --enable-eplb --eplb-config "
            "'{\"num_redundant_experts\":2}'");
  EXPECT_THAT(vllm.caveats, Contains(HasSubstr("\"initial_mapping_path\":\"p.jsonl\"")));
  const auto report = export_plan(sample(), form("trtllm-report"), "p.yaml").launch;
  EXPECT_THAT(report, HasSubstr("--expert_statistic_path "));
}

TEST(PlanEngines, AFileNameIsOneWordOfTheLaunchLine) {
  const std::string odd = "my plan's; $(x).json";
  EXPECT_THAT(export_plan(sample(), form("sglang"), odd).launch,
              HasSubstr("--init-expert-location 'my plan'\\''s; $(x).json' "));
  EXPECT_THAT(export_plan(sample(), form("vllm-ascend"), odd).launch,
              HasSubstr(R"("expert_map_path":"my plan'\''s; $(x).json")"));
  EXPECT_THAT(export_plan(sample(), form("trtllm"), "a: b.yaml").launch,
              HasSubstr("load_balancer: \"a: b.yaml\""));
}

TEST(PlanEngines, AFailedExportLeavesTheFileThatWasThere) {
  const test::TempFolder folder;
  const auto path = folder / "p.json";
  write_text_file(path, "precious");
  auto broken = sample();
  broken.physical_to_logical[1][0] = 9;
  EXPECT_THROW(write_engine_file(broken, form("sglang"), path), Error);
  EXPECT_EQ(read_text_file(path, 100), "precious");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(PlanEngines, WritesWhatTheEnginesWereFoundToRead) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/plans/plan.json");
  const auto at = [](const char* name) {
    return test::shared_data(std::string("engine_dumps/plans/") + name);
  };
  const auto plan = load_plan(at("plan.json"));
  const std::pair<const EngineForm&, const char*> files[] = {
      {form("sglang"), "sgl.json"},
      {form("trtllm"), "sgl.yaml"},
      {form("trtllm-report"), "sgl.report.yaml"},
      {form("vllm"), "sgl.jsonl"},
      {form("vllm-ascend"), "sgl.ascend.json"}};
  for (const auto& [engine, name] : files)
    EXPECT_EQ(export_plan(plan, engine, name).text, read_text_file(at(name), 1 << 20)) << name;
}

TEST(PlanEngines, WeightsThatAreNotWrittenAreReported) {
  auto plan = sample();
  plan.replica_weight = {{0.3, 1, 0.5, 0.5, 1, 0.7}, {1, 0.5, 0.5, 1, 0.5, 0.5}};
  EXPECT_THAT(export_plan(plan, form("sglang"), "f").caveats,
              Contains(HasSubstr("replica weights are not in the file")));
  EXPECT_THAT(export_plan(plan, form("csv"), "f").text, HasSubstr("2,0,0,0,0,0.3\n"));
}

TEST(PlanEngines, APlanThatDoesNotNameItsLayersIsReportedAndCanBeNamed) {
  auto plan = sample();
  EXPECT_EQ(with_first_layer(plan, 7).layer_ids, plan.layer_ids) << "what it names stays";
  plan.layer_ids.clear();
  const auto note = HasSubstr("written as layers 0 to 1");
  EXPECT_THAT(export_plan(plan, form("sglang"), "f").caveats, Contains(note));
  EXPECT_THAT(export_plan(plan, form("trtllm"), "f").caveats, Contains(note));
  EXPECT_THAT(export_plan(plan, form("vllm"), "f").caveats, testing::Not(Contains(note)))
      << "its layers are MoE layers from 0";
  const auto named = with_first_layer(plan, 2);
  EXPECT_EQ(named, sample());
  EXPECT_THAT(export_plan(named, form("sglang"), "f").caveats, testing::Not(Contains(note)));
}

TEST(PlanEngines, BrokenFilesAreErrors) {
  const std::vector<std::pair<const EngineForm&, std::vector<const char*>>> cases = {
      {form("sglang"),
       {"", "[]", "{}", R"({"physical_to_logical_map":[]})", R"({"physical_to_logical_map":[3]})",
        R"({"physical_to_logical_map":[[0,-1]]})", R"({"physical_to_logical_map":[[0,1.5]]})",
        R"({"physical_to_logical_map":[[0,99999999999]]})"}},
      {form("trtllm"),
       {"", "num_slots: 2", "num_slots: x\ninitial_global_assignments:\n  0: [0]",
        "num_slots: 2\ninitial_global_assignments: [0, 1]",
        "num_slots: 2\ninitial_global_assignments:\n  0: [0]",
        "num_slots: 2\ninitial_global_assignments:\n  a: [0, 1]",
        "num_slots: 2\ninitial_global_assignments:\n  0: [0, -1]",
        "num_slots: 2\ninitial_global_assignments:\n  0: [0, 1", "{[: }", "&a [*a, *a]"}},
      {form("vllm"),
       {"", "{}", R"({"record_type":"other"})",
        R"({"record_type":"eplb_initial_mapping","version":2,"num_slots":1,"num_redundant_experts":0,"initial_global_assignments":{"0":[0]}})",
        R"({"record_type":"eplb_initial_mapping","version":1,"num_slots":2,"num_redundant_experts":0,"initial_global_assignments":{"0":[0]}})",
        R"({"record_type":"eplb_initial_mapping","version":1,"num_slots":1,"num_redundant_experts":1,"initial_global_assignments":{"0":[0]}})",
        R"({"record_type":"eplb_initial_mapping","version":1,"num_slots":1,"num_redundant_experts":0,"initial_global_assignments":{"1":[0]}})",
        R"({"record_type":"eplb_initial_mapping","version":1})"}},
      {form("vllm-ascend"),
       {"", "{}", R"({"moe_layer_count":2,"layer_list":[]})",
        R"({"moe_layer_count":1,"layer_list":[{}]})",
        R"({"moe_layer_count":1,"layer_list":[{"device_count":2,"device_list":[{"device_id":0,"device_expert":[0]}]}]})",
        R"({"moe_layer_count":1,"layer_list":[{"device_count":2,"device_list":[{"device_id":0,"device_expert":[0]},{"device_id":0,"device_expert":[1]}]}]})",
        R"({"moe_layer_count":1,"layer_list":[{"device_count":2,"device_list":[{"device_id":0,"device_expert":[0,1]},{"device_id":1,"device_expert":[1]}]}]})"}},
      {form("csv"),
       {"", "a,b\n", "layer,slot,gpu,node,expert\n", "layer,slot,gpu,node,expert\n0,1,0,0,0\n",
        "layer,slot,gpu,node,expert\n0,0,0,0,x\n", "layer,slot,gpu,node,expert\n0,0\n"}}};
  for (const auto& [engine, texts] : cases)
    for (const char* text : texts)
      EXPECT_THROW(back(text, engine), Error) << engine.name() << ": " << text;
  EXPECT_THROW(import_plan(text_of(form("sglang")), form("sglang"), {}, "t"), Error);  // no GPUs
}

}  // namespace
}  // namespace moescope
