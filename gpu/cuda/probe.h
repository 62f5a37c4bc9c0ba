// Whether there is a GPU that the CUDA part can use, and if not, why not. Needs no driver.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moescope::runtime::cuda {

struct GpuInfo {
  int index = 0;
  std::string name;
  int sms = 0;
  int compute_major = 0, compute_minor = 0;
  std::size_t memory = 0;  ///< bytes
};

/// What was found out. Versions as CUDA numbers them: 13000 is 13.0.
struct ProbeFacts {
  bool built = false;        ///< this build has the CUDA part
  int runtime = 0;           ///< of the toolkit it was built with
  int driver = 0;            ///< the newest CUDA that the driver supports; 0: there is no driver
  std::string count_error;   ///< why GPUs could not be counted; empty: they were
  std::string cublas;        ///< version; empty: it could not be opened
  std::string cublas_error;  ///< then why
  std::vector<GpuInfo> gpus;
};

/// The same, judged.
struct ProbeReport {
  ProbeFacts facts;
  std::string problem, remedy;  ///< empty when a GPU can be used
  int usable_gpu = -1;          ///< index of the one that serves
  int wanted_gpu = -1;          ///< index of the one that was asked for; -1: the first usable one
  bool usable() const { return usable_gpu >= 0; }
};

/// Oldest architecture that the kernels are compiled for.
inline constexpr int kLeastComputeMajor = 9;

/// "13.0" of 13000.
std::string cuda_version(int version);
/// GPUs by index, separated by commas. Throws Error for anything else, and for one named twice.
std::vector<int> parse_gpus(const std::string& list);
/// The one of `list` that serves. Throws Error for several: kernels of ranks on different GPUs are
/// not tested.
int serving_gpu(const std::string& list);

/// What the facts mean; `wanted` is the GPU to serve, -1 the first usable one.
ProbeReport judge(ProbeFacts facts, int wanted = -1);
/// Asks driver, GPUs and cuBLAS of this machine. Judges for the GPU of want_gpu().
ProbeReport probe();
/// From now on probe() is for this GPU. Before a device is opened.
void want_gpu(int wanted);
/// The last one; -1: none.
int wanted_gpu();
/// Some lines of text, the last without a line break.
std::string to_text(const ProbeReport& report);

}  // namespace moescope::runtime::cuda
