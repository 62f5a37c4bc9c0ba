// A trace that uses every field, a folder that goes away, and comparison of traces.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/trace/sink.h"
#include "core/trace/trace.h"

namespace moescope::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moescope-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::size_t file_count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

/// Fills `sink` with tracks, spans over several chunks, arguments, records, counters and notes.
void fill_sample(TraceSink& sink);
TracePtr sample_trace();
/// Fails the test for every field that differs.
void expect_same_trace(const Trace& a, const Trace& b);

}  // namespace moescope::test
