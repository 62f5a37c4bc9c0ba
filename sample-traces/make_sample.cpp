// Writes a generated sample: two ranks of an MoE decode step with two overlapping micro-batches, as
// Kineto JSON. It is made up, not recorded, and says so in its trace name.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kLayers = 12;
constexpr int kSteps = 4;
constexpr int kSmCount = 132;
constexpr int kCommBlocks = 20;

struct Kernel {
  const char* name;
  int stream;
  double us;
  int blocks;
  int threads;
  int registers;
};

/// Appends Chrome trace events; times are microseconds with three decimals.
class TraceText {
 public:
  TraceText(int rank, double clock_skew_us) : rank_(rank), skew_(clock_skew_us) {
    text_ = fmt::format(
        "{{\"schemaVersion\":1,\"traceName\":\"generated sample, not a recording\","
        "\"deviceProperties\":[{{\"id\":0,\"name\":\"NVIDIA "
        "H800\",\"computeMajor\":9,\"computeMinor\":0,"
        "\"maxThreadsPerMultiprocessor\":2048,\"regsPerMultiprocessor\":65536,\"warpSize\":32,"
        "\"sharedMemPerMultiprocessor\":233472,\"sharedMemPerBlockOptin\":232448,\"numSms\":{}}}],"
        "\"distributedInfo\":{{\"backend\":\"nccl\",\"rank\":{},\"world_size\":2}},\"traceEvents\":"
        "[\n"
        "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{},\"tid\":0,\"args\":{{\"name\":"
        "\"sample\"}}}}",
        kSmCount, rank, 1000 + rank);
  }

  void annotation(const std::string& name, double start, double end) {
    text_ += fmt::format(
        ",\n{{\"ph\":\"X\",\"cat\":\"user_annotation\",\"name\":\"{}\",\"pid\":{},\"tid\":{},"
        "\"ts\":{:.3f},"
        "\"dur\":{:.3f},\"args\":{{}}}}",
        name, 1000 + rank_, 1000 + rank_, start + skew_, end - start);
  }

  /// A launch on the host shortly before `start` and the kernel itself, joined by a correlation id.
  void kernel(const Kernel& k, double launch, double start, double duration) {
    ++correlation_;
    text_ += fmt::format(
        ",\n{{\"ph\":\"X\",\"cat\":\"cuda_runtime\",\"name\":\"cudaLaunchKernel\",\"pid\":{0},"
        "\"tid\":{0},"
        "\"ts\":{1:.3f},\"dur\":2.000,\"args\":{{\"correlation\":{2}}}}}",
        1000 + rank_, launch + skew_, correlation_);
    text_ += fmt::format(
        ",\n{{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"{}\",\"pid\":0,\"tid\":{},\"ts\":{:.3f},"
        "\"dur\":{:.3f},"
        "\"args\":{{\"device\":0,\"stream\":{},\"correlation\":{},\"grid\":[{},1,1],\"block\":[{},"
        "1,1],"
        "\"registers per thread\":{},\"shared memory\":1024}}}}",
        k.name, k.stream, start + skew_, duration, k.stream, correlation_, k.blocks, k.threads,
        k.registers);
  }

  std::string finish() { return text_ + "\n]}\n"; }

 private:
  int rank_;
  double skew_;
  int correlation_ = 0;
  std::string text_;
};

const Kernel kAttention = {"flash_mla::fwd_splitkv_mla_kernel", 7, 70, 112, 384, 168};
const Kernel kGate = {"moe_fused_gate_kernel", 7, 6, 64, 256, 40};
const Kernel kExpert = {"deep_gemm::sm90_fp8_gemm_grouped_masked", 7, 95, 112, 384, 168};
const Kernel kDispatch = {"deep_ep::internode_ll::dispatch", 23, 48, kCommBlocks, 1024, 64};
const Kernel kCombine = {"deep_ep::internode_ll::combine", 23, 62, kCommBlocks, 1024, 64};
const Kernel kNotify = {"deep_ep::internode::notify_dispatch", 23, 9, 9, 256, 56};

constexpr int kRanks = 2;

/// One micro-batch on both ranks: compute of one beside the communication of the other. Transfers
/// end on both ranks at the same moment, as collectives do. Returns when the slower rank is done.
double add_micro_batch(std::vector<TraceText>& ranks, double at, std::mt19937& random) {
  std::uniform_real_distribution<double> jitter(0.9, 1.25);
  const double launch = at - 30;
  double comm = at, end = at;
  for (const Kernel* k : {&kNotify, &kDispatch, &kCombine}) {
    const double us = k->us * jitter(random);
    for (auto& rank : ranks) rank.kernel(*k, launch, comm, us);
    comm += us + 1;
  }
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    double compute = at;
    for (const Kernel* k : {&kAttention, &kGate, &kExpert}) {
      // The second rank hosts the hot experts of this sample.
      const double us = k->us * jitter(random) * (rank == 1 && k == &kExpert ? 1.15 : 0.9);
      ranks[rank].kernel(*k, launch + 5, compute, us);
      compute += us + 1.5;
    }
    end = std::max({end, compute, comm});
  }
  return end + 4;
}

std::vector<std::string> make_ranks() {
  std::vector<TraceText> ranks;
  for (int rank = 0; rank < kRanks; ++rank) ranks.emplace_back(rank, rank * 137.25);
  const auto annotate = [&](const std::string& name, double begin, double end) {
    for (auto& rank : ranks) rank.annotation(name, begin, end);
  };
  std::mt19937 random(7);
  double at = 1000;
  for (int step = 0; step < kSteps; ++step) {
    const double step_begin = at;
    for (int layer = 0; layer < kLayers; ++layer) {
      const double layer_begin = at;
      for (int micro_batch = 0; micro_batch < 2; ++micro_batch) {
        const double begin = at;
        at = add_micro_batch(ranks, at, random);
        annotate(fmt::format("mb{}", micro_batch), begin - 31, begin - 20);
      }
      annotate(fmt::format("layer {}", layer), layer_begin - 32, at - 37);
    }
    annotate(fmt::format("ProfilerStep#{}", step), step_begin - 33, at - 36.5);
  }
  std::vector<std::string> texts;
  for (auto& rank : ranks) texts.push_back(rank.finish());
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || std::string_view(argv[1]) == "--help") {
    std::fputs("usage: moescope-make-sample FOLDER    writes rank0.json and rank1.json there\n",
               stderr);
    return argc == 2 ? 0 : 2;
  }
  const auto texts = make_ranks();
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    const auto path = std::filesystem::path(argv[1]) / fmt::format("rank{}.json", rank);
    std::ofstream file(path, std::ios::binary);
    file << texts[rank];
    if (!file.flush()) {
      std::fprintf(stderr, "moescope-make-sample: cannot write %s\n", path.c_str());
      return 1;
    }
  }
  return 0;
}
