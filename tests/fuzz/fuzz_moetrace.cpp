// Any bytes as a .moetrace file: an Error or a trace that stands every analysis.
#include <unistd.h>

#include <filesystem>

#include "core/analysis/spans/classify.h"
#include "core/error.h"
#include "core/trace/file/moetrace.h"
#include "tests/fuzz/check_trace.h"
#include "tests/fuzz/sqlite_input.h"

namespace {

using namespace moescope;

SpanBatch batch_of(TraceBuilder& builder, int count, SpanKind kind) {
  SpanBatch batch;
  batch.args_offsets.push_back(0);
  const LaunchId launch = builder.intern_launch({{20, 1, 1}, {512, 1, 1}, {2, 1, 1}, 64, 1024});
  for (int i = 0; i < count; ++i) {
    const char* name = i % 3 == 0 ? "ncclDevKernel_SendRecv" : i % 3 == 1 ? "gemm" : "layer 3";
    batch.columns.push_back({i * 100, 40 + i % 7 * 20, builder.strings().intern(name),
                             static_cast<std::uint32_t>(i + 1),
                             kind == SpanKind::Kernel ? launch : 0, kind, 0});
    if (i % 2 == 0) batch.args_text += "{\"step\":" + std::to_string(i) + "}";
    batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
  }
  return batch;
}

/// A small file with something in every table.
std::string good_file() {
  TraceBuilder builder;
  TraceInfo info{.files = {"a.json"}, .format = "kineto", .producer = "fuzz"};
  info.skipped = {{"no duration", 1}};
  info.warnings = {"one"};
  info.alignments = {{0, 5, 3, 1, "ends"}};
  info.extra = {{"world", "2"}};
  builder.set_info(info);
  const ProcessId process = builder.add_process({.label = "rank 0", .pid = "7", .rank = 0});
  builder.add_process({.label = "rank 1", .pid = "8", .rank = 1});
  builder.add_device({.process = process, .index = 0, .name = "GPU", .sm_count = 8});
  builder.append(builder.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"}),
                 batch_of(builder, 40, SpanKind::Kernel));
  builder.append(builder.add_track({process, TrackType::Thread, -1, 1, "thread 1"}),
                 batch_of(builder, 40, SpanKind::Runtime));
  builder.append(builder.add_track({process, TrackType::Worker, -1, 0, "worker 0"}),
                 batch_of(builder, 12, SpanKind::Phase));
  builder.add_sm_records({{0, 90, process, 0, 3, 1}, {40, 95, process, 0, 4, 2}});
  builder.add_counter({process, 0, "SM Active", "%", {0, 100}, {1.5, 99}});
  builder.add_note(
      {.time = 50, .track = 0, .span = SpanRef{0, 0}, .text = "note", .color = "blue"});
  const std::string path = "/dev/shm/moescope-fuzz-good-" + std::to_string(getpid());
  Progress progress;
  write_moetrace(*builder.snapshot(), path, progress, {RuleSet::built_in().to_json(), {}});
  std::string bytes = fuzz::read_bytes(path);
  std::filesystem::remove(path);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::SqliteInput input(good_file());
  const auto path = input.write(data, size);
  try {
    fuzz::check_trace(*open_moetrace(path), false);
  } catch (const Error&) {
  }
  return 0;
}
