#include "gpu/cuda/cuda_operators.h"

#include "core/error.h"
#include "gpu/compute/grouped_products.h"
#include "gpu/compute/moe_steps.h"
#include "gpu/cuda/cublas.h"

namespace moescope::runtime::cuda {
namespace {

/// Copies a vector into device memory in order of the stream.
template <typename T>
T* put(const std::vector<T>& values, std::byte*& place, cudaStream_t stream) {
  T* const to = reinterpret_cast<T*>(place);
  const std::size_t bytes = values.size() * sizeof(T);
  check(cudaMemcpyAsync(to, values.data(), bytes, cudaMemcpyHostToDevice, stream),
        "copying pointers to the GPU");
  place += bytes;
  return to;
}

/// Queues the products; `pointers` has room for three arrays of them.
void multiply(const GroupedProducts& p, std::byte* pointers, const Stream& stream) {
  if (p.groups() == 0) return;
  const auto groups = static_cast<std::size_t>(p.groups());
  const std::vector<cublasOperation_t> transpose(groups, CUBLAS_OP_T), keep(groups, CUBLAS_OP_N);
  const std::vector<float> one(groups, 1.0F), zero(groups, 0.0F);
  const void** a = put(p.a, pointers, stream.get());
  const void** b = put(p.b, pointers, stream.get());
  void** c = put(p.c, pointers, stream.get());
  const Cublas& cublas = Cublas::library();
  const cublasStatus_t status = cublas.gemm_grouped(
      stream.blas(), transpose.data(), keep.data(), p.m.data(), p.n.data(), p.k.data(), one.data(),
      a, CUDA_R_32F, p.k.data(), b, CUDA_R_32F, p.k.data(), zero.data(), c, CUDA_R_32F, p.m.data(),
      p.groups(), p.sizes.data(), CUBLAS_COMPUTE_32F);
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error("cuBLAS", "grouped products of the experts", cublas.text(status));
}

/// The offsets, once the stream has made them.
std::vector<std::int32_t> wait_for_offsets(const ExpertRows& groups, const Stream& stream) {
  std::vector<std::int32_t> offsets(groups.experts.size() + 1);
  check(cudaMemcpyAsync(offsets.data(), groups.offsets, offsets.size() * sizeof(std::int32_t),
                        cudaMemcpyDeviceToHost, stream.get()),
        "copying from the GPU");
  stream.synchronise();
  return offsets;
}

}  // namespace

void CudaOperators::gate(const RouterView& router, const float* x, int rows, RoutingView routing,
                         Team& team) const {
  DeviceTeam& device = DeviceTeam::of(team);
  GateRows step{config_.gate,       config_.experts, config_.hidden, rows,   x,
                router.weight.data, router.bias,     nullptr,        routing};
  step.scratch =
      reinterpret_cast<float*>(device.scratch(flat(rows, step.scratch_floats()) * sizeof(float)));
  recording_.run(step, device.rank(), SpanName::Gate, team);
}

void CudaOperators::choose_slots(const ReplicaView& plan, RoutingView routing,
                                 const std::uint64_t* keys, int rows, Choice* choices,
                                 std::uint32_t* loads, Team& team) const {
  recording_.run(ChooseSlots{plan, routing, keys, rows, choices, loads},
                 DeviceTeam::of(team).rank(), SpanName::Gate, team);
}

void CudaOperators::experts(const ExpertRows& groups, const float* x, float* y, Team& team) const {
  DeviceTeam& device = DeviceTeam::of(team);
  const Stream& stream = device.stream();
  const auto offsets = wait_for_offsets(groups, stream);
  if (offsets.back() == 0) return;
  const int width = groups.experts.front().gate.rows;
  const std::size_t floats = flat(offsets.back(), width);
  const std::size_t pointers = 3 * 2 * groups.experts.size() * sizeof(void*);
  std::byte* scratch = device.scratch(2 * pointers + 2 * floats * sizeof(float));
  auto* gate = reinterpret_cast<float*>(scratch + 2 * pointers);
  float* up = gate + floats;
  recording_.run_library(device.rank(), SpanName::Experts, device, [&] {
    multiply(up_products(groups.experts, offsets, x, gate, up), scratch, stream);
  });
  recording_.run(SwigluRows{groups.offsets + groups.experts.size(), width, gate, up}, device.rank(),
                 SpanName::Experts, team);
  recording_.run_library(device.rank(), SpanName::Experts, device, [&] {
    multiply(down_products(groups.experts, offsets, gate, y), scratch + pointers, stream);
  });
}

}  // namespace moescope::runtime::cuda
