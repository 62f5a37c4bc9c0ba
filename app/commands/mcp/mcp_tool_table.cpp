// The table of tools, in the order in which clients see them.
#include "app/commands/mcp/mcp_tools.h"

namespace moescope::mcp {
namespace {

using Type = Parameter::Type;

constexpr std::int64_t kMaxTime = std::int64_t{1} << 62;
constexpr std::int64_t kMaxGpus = 65536;

Parameter trace_files() {
  return {"files", "Trace files or folders of one run", Type::Paths, "", true};
}
Parameter from_time() {
  return {"from_ns",
          "Begin of the time window, ns from the trace start",
          Type::Integer,
          "--from",
          false,
          {},
          0,
          kMaxTime};
}
Parameter to_time() {
  return {"to_ns",
          "End of the time window, ns from the trace start",
          Type::Integer,
          "--to",
          false,
          {},
          0,
          kMaxTime};
}
Parameter unit_of_recording(const char* option) {
  return {"unit",       "Which unit of a recording, where it has both",
          Type::Choice, option,
          false,        {"prefill", "decode"}};
}
Parameter gpus(bool required) {
  return {"gpus",  "GPUs that share the experts", Type::Integer, "--gpus", required, {}, 1,
          kMaxGpus};
}
Parameter engine() {
  return {"engine",     "Engine whose replica rule counts; by default that of the dump",
          Type::Choice, "--engine",
          false,        {"sglang", "vllm", "vllm-ascend", "trtllm", "moescope"}};
}
Parameter dispatch() {
  return {"dispatch",   "Replica rule of the engine, its usual one by default",
          Type::Choice, "--dispatch",
          false,        {"even", "best", "static", "dynamic", "lp", "hash", "modulo", "weights"}};
}
Parameter hardware(bool required = false) {
  return {"hardware", "h800, h100, h200, b200, gb200, ... or a .json description", Type::PathOrName,
          "--hardware", required};
}
Parameter model(bool required = false) {
  return {"model", "deepseek-v3, qwen3-30b-a3b, tiny, ... or a .json description", Type::PathOrName,
          "--model", required};
}
Parameter serving_unit(bool required = false) {
  return {"serving_unit", "prefill32, decode128, decode320, ... or a .json description",
          Type::PathOrName, "--unit", required};
}
Parameter comm_sms() {
  return {"comm_sms",
          "SMs that communication takes; 0: what if it took none",
          Type::Integer,
          "--comm-sms",
          false,
          {},
          0,
          65535};
}
Parameter loads_file(bool required) {
  return {"loads", "Expert loads: a dump or a recording", Type::Path, "--loads", required};
}
Parameter plan_file(bool required) {
  return {"plan", "Placement plan", Type::Path, "--plan", required};
}

std::vector<Tool> trace_tools() {
  return {
      {"files",
       "List files",
       "Files below the folders that may be read, with what they hold.",
       {},
       {{"folder", "Only below this folder", Type::Path, "", false}}},
      {"info",
       "What a trace holds",
       "Format, producer, ranks, devices, counts of spans, time range, skipped events, warnings of "
       "a trace.",
       {"info", "--json"},
       {trace_files()}},
      {"analyze",
       "Overlap and SMs",
       "How much communication is hidden and how much is exposed, by device, with SM allocation "
       "and a headline. Times are integer ns.",
       {"analyze", "--json"},
       {trace_files(), from_time(), to_time()}},
      {"steps",
       "Forward passes",
       "The forward passes of a trace with their time and exposed communication; with `step` the "
       "critical path of one.",
       {"steps", "--json"},
       {trace_files(),
        {"step", "Number of the step", Type::Integer, "--step", false},
        {"phase",
         "Where prefill and decode count apart",
         Type::Choice,
         "--phase",
         false,
         {"prefill", "decode"}}}},
      {"sql",
       "Query a trace",
       "A SELECT over the tables of one trace: spans, tracks, sm, loads, plans, meta (see "
       "sql_schema). Read only.",
       {"sql", "--json"},
       {{"limit",
         "Most rows, 1000 by default",
         Type::Integer,
         "--limit",
         false,
         {},
         1,
         10000,
         "1000"},
        {"file", "Trace file or folder", Type::Path, "", true},
        {"sql", "SELECT, WITH or EXPLAIN statement of SQLite", Type::Text, "", true}}},
      {"sql_schema",
       "Tables of a trace",
       "The tables that `sql` can query, with their columns.",
       {"sql", "--schema"},
       {}},
      {"compare",
       "Compare two",
       "What differs between two traces, two load dumps or two plans, what of it is noise, and "
       "likely causes.",
       {"compare", "--json"},
       {{"align",
         "Lay traces beside each other by",
         Type::Choice,
         "--align",
         false,
         {"step", "layer", "time"}},
        {"a", "What was before", Type::Path, "", true},
        {"b", "What is held against it", Type::Path, "", true}}},
  };
}

std::vector<Tool> load_tools() {
  return {
      {"loads",
       "Expert loads",
       "Imbalance of expert loads by every measure, hottest and coldest experts, drift, by layer; "
       "of any load dump or recording.",
       {"loads", "--json"},
       {{"files", "Load dumps, logs or recordings", Type::Paths, "", true},
        {"layer",
         "Only this row, with all its loads",
         Type::Integer,
         "--layer",
         false,
         {},
         0,
         4095},
        {"window", "Only windows A:B (B not included)", Type::Window, "--window", false},
        {"top",
         "How many of the hottest and coldest experts",
         Type::Integer,
         "--top",
         false,
         {},
         0,
         64},
        unit_of_recording("--unit"),
        gpus(false),
        engine(),
        dispatch()}},
      {"plan_evaluate",
       "Judge a plan",
       "Balance of a placement plan for given loads under an engine's replica rule, against the "
       "best possible, with the predicted step.",
       {"plan", "evaluate", "--json"},
       {plan_file(true),
        loads_file(true),
        {"previous", "Plan that runs now, to count copies", Type::Path, "--previous", false},
        unit_of_recording("--loads-unit"),
        engine(),
        dispatch(),
        hardware(),
        model(),
        serving_unit(),
        comm_sms()}},
      {"plan_advise",
       "Change the plan?",
       "Whether to change the plan in force: do it, not worth it, or not enough evidence, with "
       "gain, error and price of each change.",
       {"plan", "advise", "--json"},
       {loads_file(true), plan_file(false), gpus(false), unit_of_recording("--loads-unit"),
        engine(), dispatch(), hardware(), model(), serving_unit(), comm_sms()}},
      {"plan_bounds",
       "What more slots would give",
       "The lower bound on imbalance by number of slots, for given loads.",
       {"plan", "bounds", "--json"},
       {loads_file(true),
        gpus(true),
        {"max_slots", "Up to this many slots", Type::Integer, "--max-slots", false, {}, 1, 262144},
        unit_of_recording("--unit"),
        engine(),
        dispatch()}},
      {"simulate",
       "Predict steps",
       "The predicted step of a serving unit by cause, with its error; of given hardware, model, "
       "loads and plan.",
       {"simulate", "--json"},
       {hardware(true),
        model(true),
        serving_unit(true),
        loads_file(false),
        plan_file(false),
        {"library",
         "Communication library",
         Type::Choice,
         "--library",
         false,
         {"deepep_normal", "deepep_low_latency", "deepep_v2", "trtllm", "nccl"}},
        comm_sms(),
        {"steps", "Steps to simulate", Type::Integer, "--steps", false, {}, 1, 100}}},
  };
}

Tool chart_tool() {
  Tool tool{
      "chart",
      "Draw a chart",
      "A chart as PNG: timeline, overlap or sm of traces; load or balance of load dumps and "
      "recordings.",
      {"export"},
      {{"chart",
        "Which",
        Type::Choice,
        "--chart",
        true,
        {"timeline", "overlap", "sm", "load", "balance"}},
       {"size",
        "Size in pixels",
        Type::Choice,
        "--size",
        false,
        {"800x450", "1280x720", "1600x900", "1920x1080"}},
       {"theme", "Colours", Type::Choice, "--theme", false, {"light", "dark"}},
       from_time(),
       to_time(),
       {"heatmap",
        "What the load chart shows",
        Type::Choice,
        "--heatmap",
        false,
        {"expert-time", "gpu-layer", "layer-expert", "layer-group", "node-layer"}},
       {"layer", "Row of the loads, for expert-time", Type::Integer, "--layer", false, {}, 0, 4095},
       plan_file(false),
       gpus(false),
       unit_of_recording("--unit"),
       trace_files()}};
  tool.picture = true;
  return tool;
}

}  // namespace

const std::vector<Tool>& tools(bool pictures) {
  const auto made = [](bool with_pictures) {
    std::vector<Tool> all = trace_tools();
    for (auto& tool : load_tools()) all.push_back(std::move(tool));
    if (with_pictures) all.push_back(chart_tool());
    return all;
  };
  static const std::vector<Tool> with = made(true), without = made(false);
  return pictures ? with : without;
}

}  // namespace moescope::mcp
