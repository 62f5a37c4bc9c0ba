// Writes a .moetrace of any number of spans and lanes: ranks that run MoE layers with compute,
// communication and copies on streams and host calls on a thread. Memory does not grow with the
// number of spans.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "core/trace/file/moetrace_writer.h"
#include "tests/bench/random.h"

namespace {

using namespace moescope;

/// Lanes of one group, in order: the last two are the nesting levels of one thread.
enum Lane { kCompute, kComm, kCopy, kHostOp, kHostCall, kGroupLanes };

struct Kernel {
  const char* name;
  Lane lane;
  TimeNs duration;  ///< ns, varied by up to a quarter
};

/// One MoE layer. Communication of a layer runs beside the compute that follows it.
constexpr Kernel kLayer[] = {
    {"flash::flash_attn_fwd_kernel<bf16>", kCompute, 90'000},
    {"sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n", kCompute, 45'000},
    {"fused_add_rmsnorm", kCompute, 6'000},
    {"moe_fused_gate_topk", kCompute, 9'000},
    {"deep_ep::internode::notify_dispatch", kComm, 25'000},
    {"deep_ep::internode::dispatch", kComm, 110'000},
    {"shared_expert_gemm_bf16", kCompute, 60'000},
    {"Memcpy DtoD (Device -> Device)", kCopy, 4'000},
    {"deep_gemm::m_grouped_gemm_fp8_up", kCompute, 120'000},
    {"silu_and_mul_quant", kCompute, 12'000},
    {"deep_gemm::m_grouped_gemm_fp8_down", kCompute, 70'000},
    {"deep_ep::internode::combine", kComm, 140'000},
};

/// What one group of lanes does, span by span. The same seed generates the same spans, so that each
/// track can be written whole in a pass of its own.
class Group {
 public:
  Group(std::uint64_t seed, int lanes, std::uint64_t spans)
      : random_(seed), lanes_(lanes), left_(spans) {}

  template <typename Emit>
  void run(Emit sink) {
    while (left_ > 0) layer(sink);
  }

 private:
  template <typename Emit>
  void emit(Emit& sink, Lane lane, TimeNs start, TimeNs duration, const char* name,
            std::uint32_t correlation) {
    if (lane >= lanes_ || left_ == 0) return;
    --left_;
    sink(lane, start, duration, name, correlation);
  }

  template <typename Emit>
  void layer(Emit& sink) {
    for (const Kernel& kernel : kLayer) {
      const std::uint32_t correlation = ++correlation_;
      const TimeNs op = random_.vary(14'000, 4), call = random_.vary(5'000, 4);
      emit(sink, kHostOp, host_, op, "aten::launch_op", 0);
      emit(sink, kHostCall, host_ + 2'000, call, "cudaLaunchKernel", correlation);
      auto& free = free_[kernel.lane];
      TimeNs start = std::max(free, host_ + call);
      if (kernel.lane == kComm) start = std::max(start, free_[kCompute]);
      const TimeNs duration = random_.vary(kernel.duration, 4);
      emit(sink, kernel.lane, start, duration, kernel.name, correlation);
      free = start + duration + 500;
      host_ += op + random_.vary(1'000, 4);
    }
    // The expert layers wait for the dispatch before them; the host runs ahead by one layer.
    free_[kCompute] = std::max(free_[kCompute], free_[kComm] - 60'000);
    host_ = std::max(host_, free_[kCompute] - 400'000);
  }

  Random random_;
  int lanes_;
  std::uint64_t left_;
  std::uint32_t correlation_ = 0;
  TimeNs host_ = 0;
  TimeNs free_[kGroupLanes] = {};
};

/// Collects spans of one track and appends them in batches.
class TrackWriter {
 public:
  TrackWriter(MoetraceWriter& writer, TrackId track) : writer_(writer), track_(track) {}
  ~TrackWriter() = default;
  void add(const Span& span) {
    batch_.columns.push_back(span);
    if (batch_.columns.size() == kChunkSpans) flush();
  }
  void flush() {
    writer_.append(track_, std::move(batch_));
    batch_ = {};
  }

 private:
  MoetraceWriter& writer_;
  TrackId track_;
  SpanBatch batch_;
};

LaunchId launch_of(MoetraceWriter& writer, Lane lane) {
  if (lane == kComm) return writer.intern_launch({{20, 1, 1}, {768, 1, 1}, {}, 64, 0});
  if (lane == kCompute) return writer.intern_launch({{112, 1, 1}, {384, 1, 1}, {}, 168, 200'000});
  return 0;
}

/// Writes the lanes [first, end) of one rank that share a track.
void write_track(MoetraceWriter& writer, TrackId track, Group group, int first, int end) {
  TrackWriter out(writer, track);
  group.run(
      [&](Lane lane, TimeNs start, TimeNs duration, const char* name, std::uint32_t correlation) {
        if (lane < first || lane >= end) return;
        Span span;
        span.start = start;
        span.duration = duration;
        span.name = writer.strings().intern(name);
        span.correlation = correlation;
        span.launch = launch_of(writer, lane);
        span.kind = lane == kHostOp     ? SpanKind::CpuOp
                    : lane == kHostCall ? SpanKind::Runtime
                    : lane == kCopy     ? SpanKind::Memcpy
                                        : SpanKind::Kernel;
        span.depth = lane == kHostCall ? 1 : 0;
        out.add(span);
      });
  out.flush();
}

ProcessId add_rank(MoetraceWriter& writer, int rank, int ranks) {
  const ProcessId process = writer.add_process({.label = "rank " + std::to_string(rank),
                                                .pid = std::to_string(1000 + rank),
                                                .rank = rank,
                                                .world_size = ranks,
                                                .node = rank / 8});
  writer.add_device(
      {.process = process, .index = rank % 8, .name = "Generated GPU", .sm_count = 132});
  return process;
}

void write_group(MoetraceWriter& writer, ProcessId process, int device, int number, int lanes,
                 const Group& group) {
  for (int lane = 0; lane < std::min<int>(lanes, kHostOp); ++lane) {
    const int id = 7 + number * kHostOp + lane;
    const TrackId track = writer.add_track({.process = process,
                                            .type = TrackType::DeviceStream,
                                            .device = device,
                                            .id = id,
                                            .name = "stream " + std::to_string(id)});
    write_track(writer, track, group, lane, lane + 1);
  }
  if (lanes <= kHostOp) return;
  const TrackId thread = writer.add_track({.process = process,
                                           .type = TrackType::Thread,
                                           .id = number + 1,
                                           .name = "thread " + std::to_string(number + 1)});
  write_track(writer, thread, group, kHostOp, kGroupLanes);
}

/// Groups of five lanes; each of `ranks` ranks has several when there are more groups than ranks.
void generate(const std::string& path, std::uint64_t spans, int lanes, int ranks) {
  // One commit at the end of each buffer is enough: nobody reads along.
  MoetraceWriter writer(path, std::chrono::hours(24));
  const int groups = (lanes + kGroupLanes - 1) / kGroupLanes;
  if (ranks < 1 || ranks > groups) ranks = groups;
  const auto share = [&](int group) {
    return spans * static_cast<std::uint64_t>(std::min(lanes, group * kGroupLanes)) /
           static_cast<std::uint64_t>(lanes);
  };
  ProcessId process = 0;
  int rank = -1;
  for (int g = 0; g < groups; ++g) {
    if (g * ranks / groups != rank) {
      rank = g * ranks / groups;
      process = add_rank(writer, rank, ranks);
    }
    const int group_lanes = std::min<int>(kGroupLanes, lanes - g * kGroupLanes);
    const Group group(static_cast<std::uint64_t>(g) + 1, group_lanes, share(g + 1) - share(g));
    write_group(writer, process, rank % 8, g, group_lanes, group);
  }
  TraceInfo info;
  info.files = {path};
  info.format = "moetrace";
  info.producer = "moescope-generate-moetrace";
  info.events = spans;
  writer.set_info(info);
  Progress progress;
  writer.finish(progress);
}

}  // namespace

int main(int argc, char** argv) {
  const long long spans = argc > 2 ? std::atoll(argv[2]) : 0;
  const int lanes = argc > 3 ? std::atoi(argv[3]) : 0;
  const int ranks = argc > 4 ? std::atoi(argv[4]) : 0;
  if (argc < 4 || argc > 5 || spans < 1 || lanes < 1 || lanes > 100'000) {
    std::fprintf(stderr, "usage: moescope-generate-moetrace OUT.moetrace SPANS LANES [RANKS]\n");
    return 2;
  }
  try {
    generate(argv[1], static_cast<std::uint64_t>(spans), lanes, ranks);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "moescope-generate-moetrace: %s\n", error.what());
    return 1;
  }
}
