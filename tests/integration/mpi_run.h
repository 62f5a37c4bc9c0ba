// What tests of runs under mpirun have in common.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace moescope::test {

std::string node_program();

/// Skips where there is no MPI.
class MpiTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

/// Tokens by request of a file that --tokens wrote.
std::map<int, nlohmann::json> served(const std::filesystem::path& file);

/// A node that serves 8 ranks on 2 nodes for 40 steps; writes NAME.jsonl and NAME.moetrace.
std::vector<std::string> forty_steps(const std::filesystem::path& folder, const std::string& name);
/// What such a run left in `folder` is one trace of all ranks, with the tokens of a run alone.
void expect_same_run(const std::filesystem::path& folder, const std::string& alone,
                     const std::string& spread);

/// A node that changes to a plan with the experts in reverse, and what it must have printed.
std::vector<std::string> changing_plan(const std::filesystem::path& folder);
void expect_plan_released(const std::string& printed);

/// Devices of a recording on which something was computed; 0 while it cannot be read.
std::size_t recorded_devices(const std::filesystem::path& file);
/// Waits until all eight are there.
void await_recorded_devices(const std::filesystem::path& file);

/// Process `index` of an MPI run among those for whose folder in /proc `ours` is true; -1: none.
pid_t process_of(int index, const std::function<bool(const std::filesystem::path&)>& ours);

}  // namespace moescope::test
