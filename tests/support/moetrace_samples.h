// A trace that uses every field, and comparison of traces.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/trace/sink.h"
#include "core/trace/trace.h"
#include "tests/support/temp_folder.h"

namespace moescope::test {

/// Fills `sink` with tracks, spans over several chunks, arguments, records, counters and notes.
void fill_sample(TraceSink& sink);
TracePtr sample_trace();
/// `raw` as one zstd frame, as blocks of a file are.
std::string zstd_frame(const std::string& raw);
/// Fails the test for every field that differs.
void expect_same_trace(const Trace& a, const Trace& b);

}  // namespace moescope::test
