// Where libraries of CUDA are looked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gpu/cuda/library_search.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime::cuda {
namespace {

using ::testing::Contains;
using ::testing::Not;

/// An environment variable for the duration of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(CudaLibraries, AreFoundInTheWheelsOfTheActiveEnvironment) {
  const test::TempFolder folder;
  const auto lib = folder / "lib/python3.11/site-packages/nvidia/cublas/lib";
  std::filesystem::create_directories(lib);
  std::filesystem::create_directories(folder / "lib/python3.11/site-packages/nvidia/nccl/lib");
  std::ofstream(lib / "libcublas.so.13") << "x";
  const Variable environment("VIRTUAL_ENV", folder.path().string());
  EXPECT_THAT(library_candidates("libcublas.so.13"), Contains((lib / "libcublas.so.13").string()));
  EXPECT_THAT(library_candidates("libcublas.so.12"),
              Not(Contains((lib / "libcublas.so.12").string())));
}

TEST(CudaLibraries, TheFolderThatTheVariableNamesComesFirst) {
  const Variable named("MOESCOPE_CUDA_LIBRARIES", "/opt/cuda-libraries");
  const auto files = library_candidates("libcublas.so.13");
  EXPECT_EQ(files.at(0), "/opt/cuda-libraries/libcublas.so.13");
  EXPECT_EQ(files.at(1), "libcublas.so.13");
}

TEST(CudaLibraries, FoldersThatAreNotThereAreNoProblem) {
  const Variable environment("VIRTUAL_ENV", "/no/such/folder");
  const Variable home("HOME", "/no/such/home");
  EXPECT_THAT(library_candidates("libcublas.so.13"), Contains("libcublas.so.13"));
}

}  // namespace
}  // namespace moescope::runtime::cuda
