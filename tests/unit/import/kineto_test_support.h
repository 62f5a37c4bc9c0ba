// Importing hand-written Kineto text in tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/import/importer.h"
#include "core/trace/trace.h"
#include "tests/support/temp_folder.h"

namespace moescope::test {

/// A file in a directory of its own that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content, const std::string& name = "trace.json")
      : path_(folder_ / name) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  TempFolder folder_;
  std::filesystem::path path_;
};

inline TracePtr import_kineto(const std::filesystem::path& path, ImportOptions options = {}) {
  TraceBuilder builder;
  Progress progress;
  find_importer("kineto")->import(probe_file(path), builder, options, progress);
  return builder.snapshot();
}

/// Imports a file with this content.
inline TracePtr import_text(const std::string& content, const std::string& name = "trace.json",
                            ImportOptions options = {}) {
  const TemporaryFile file(content, name);
  return import_kineto(file.path(), options);
}

/// Imports an object-form file with these events, commas between them included.
inline TracePtr import_events(const std::string& events, const std::string& before = "",
                              const std::string& after = "") {
  return import_text("{" + before + "\"traceEvents\":[" + events + "]" + after + "}");
}

/// All spans, track by track.
inline std::vector<Span> all_spans(const Trace& trace) {
  std::vector<Span> spans;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    for (std::uint32_t i = 0; i < trace.span_count(track); ++i)
      spans.push_back(trace.span({track, i}));
  return spans;
}

inline std::vector<std::string> all_names(const Trace& trace) {
  std::vector<std::string> names;
  for (const auto& span : all_spans(trace)) names.emplace_back(trace.strings()[span.name]);
  return names;
}

}  // namespace moescope::test
