// The small tables of a .moetrace: conversion between rows and TraceParts. Shared by both writers.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/file/sqlite.h"
#include "core/trace/trace.h"

namespace moescope::tables {

/// Buckets in one stored block of a summary level.
inline constexpr std::size_t kSummaryBlock = 4096;

void write_info(sqlite::Database& database, const TraceInfo& info);
/// Number of events of the recording, where write_info() had none.
void write_event_count(sqlite::Database& database, std::uint64_t events);
void write_process(sqlite::Database& database, ProcessId id, const Process& process);
void write_device(sqlite::Database& database, std::size_t id, const Device& device);
void write_track(sqlite::Database& database, TrackId id, const Track& track);
void write_launch(sqlite::Database& database, LaunchId id, const LaunchConfig& launch);
/// Strings [first, last).
void write_strings(sqlite::Database& database, const StringTable& strings, std::size_t first,
                   std::size_t last);
void write_counter(sqlite::Database& database, std::size_t id, const CounterSeries& series);
void write_note(sqlite::Database& database, std::size_t id, const Note& note);
/// Writes row `id` of the losses, replacing its content.
void write_loss(sqlite::Database& database, std::size_t id, const Loss& loss);
/// Records in order of start, in blocks appended to the table.
void write_sm_records(sqlite::Database& database, const std::vector<SmRecord>& records);

/// A chunk ready to be stored.
struct EncodedChunk {
  TrackId track = 0;
  std::size_t seq = 0;
  ChunkInfo info;
  std::string columns, args;
};
/// Throws Error when times are outside what a file can hold.
EncodedChunk encode_chunk(TrackId track, std::size_t seq, const SpanColumns& columns,
                          std::string args, const std::string& file);
/// Stores a chunk, replacing the one with the same track and seq.
void write_chunk(sqlite::Database& database, const EncodedChunk& chunk);

struct EncodedLevel {
  std::uint8_t depth = 0, shift = 0;
  std::vector<std::uint32_t> first, last;  ///< bucket numbers per block
  std::vector<std::string> blocks;
};
std::vector<EncodedLevel> encode_summary(const TrackSummary& summary);
void write_summary(sqlite::Database& database, TrackId track,
                   const std::vector<EncodedLevel>& levels);
/// Computes and stores the summaries of all tracks.
void write_summaries(sqlite::Database& database, const Trace& trace, Progress& progress);

/// How many strings there are, without reading them.
std::size_t count_strings(sqlite::Database& database);
/// Strings [first, end).
std::vector<std::string> read_strings(sqlite::Database& database, StringId first, StringId end);
/// Everything but strings, spans, SM records and counters. `chunk_ids` gets the row of every chunk.
TraceParts read_metadata(sqlite::Database& database,
                         std::vector<std::vector<std::int64_t>>& chunk_ids);
std::vector<SmRecord> read_sm_records(sqlite::Database& database, std::uint64_t processes);
std::vector<CounterSeries> read_counters(sqlite::Database& database, std::uint64_t processes);

}  // namespace moescope::tables
