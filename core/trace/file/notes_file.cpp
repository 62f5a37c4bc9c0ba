#include "core/trace/file/notes_file.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr std::size_t kMaxBytes = 64U << 20;
constexpr TimeNs kMaxTime = TimeNs{1} << 61;

[[noreturn]] void not_notes(const std::filesystem::path& path, const std::string& place) {
  throw Error(path.string(), place, "is not a notes file of this program",
              "Move it away to start with empty notes");
}

std::optional<SpanRef> find_span(const Trace& trace, TrackId track, TimeNs start,
                                 std::string_view name) {
  std::optional<SpanRef> found;
  trace.visit_chunks(track, {start, start + 1}, [&](const SpanChunk& chunk, std::uint32_t first) {
    const auto& starts = chunk.columns().start;
    auto it = std::lower_bound(starts.begin(), starts.end(), start);
    for (; it != starts.end() && *it == start && !found; ++it) {
      const auto row = static_cast<std::size_t>(it - starts.begin());
      if (trace.strings()[chunk.columns().name[row]] == name)
        found = SpanRef{track, first + static_cast<std::uint32_t>(row)};
    }
    return !found.has_value();
  });
  return found;
}

Note read_note(const Json& json, const Trace& trace,
               const std::unordered_map<std::string, TrackId>& tracks) {
  Note note;
  note.time = std::clamp(json.at("time_ns").get<TimeNs>(), -kMaxTime, kMaxTime);
  note.text = json.at("text").get<std::string>();
  note.color = json.value("color", std::string());
  if (const auto track = tracks.find(json.value("track", std::string())); track != tracks.end())
    note.track = track->second;
  if (note.track && json.contains("span"))
    note.span =
        find_span(trace, *note.track,
                  std::clamp(json["span"].at("start_ns").get<TimeNs>(), -kMaxTime, kMaxTime),
                  json["span"].at("name").get<std::string>());
  return note;
}

Json note_json(const Trace& trace, const Note& note) {
  Json json{{"time_ns", note.time}, {"text", note.text}};
  if (!note.color.empty()) json["color"] = note.color;
  if (note.track && *note.track < trace.tracks().size()) json["track"] = trace.path(*note.track);
  if (note.span) {
    const Span span = trace.span(*note.span);
    json["span"] = {{"start_ns", span.start}, {"name", std::string(trace.strings()[span.name])}};
  }
  return json;
}

}  // namespace

std::filesystem::path notes_path(const std::vector<std::filesystem::path>& paths) {
  if (paths.empty()) return {};
  std::error_code ignored;
  const auto& first = paths.front();
  if (paths.size() > 1)
    return first.string() + "+" + std::to_string(paths.size() - 1) + std::string(kNotesSuffix);
  if (std::filesystem::is_directory(first, ignored))
    return first / (std::string("trace") + std::string(kNotesSuffix));
  return first.string() + std::string(kNotesSuffix);
}

std::vector<Note> read_notes(const std::filesystem::path& path, const Trace& trace) {
  const Json json = Json::parse(read_text_file(path, kMaxBytes), nullptr, false);
  if (!json.is_object() || !json.contains("notes") || !json["notes"].is_array())
    not_notes(path, "");
  if (const Json schema = json.value("schema", Json(0)); !schema.is_number_integer())
    not_notes(path, "schema");
  else if (schema.get<std::int64_t>() > kSchema)
    throw Error(path.string(), "schema", "was written by a newer MoEscope", "Update MoEscope");
  std::unordered_map<std::string, TrackId> tracks;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    tracks.emplace(trace.path(track), track);
  std::vector<Note> notes;
  for (const Json& note : json["notes"]) {
    try {
      notes.push_back(read_note(note, trace, tracks));
    } catch (const Json::exception&) {
      not_notes(path, "note " + std::to_string(notes.size() + 1));
    }
  }
  return notes;
}

void write_notes(const std::filesystem::path& path, const Trace& trace,
                 const std::vector<Note>& notes) {
  if (notes.empty()) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error)
      throw Error(path.string(), "", "notes cannot be written: " + error.message(),
                  "Check free space and your rights in its folder");
    return;
  }
  Json json{{"schema", kSchema}, {"notes", Json::array()}};
  for (const Note& note : notes) json["notes"].push_back(note_json(trace, note));
  // Text of a foreign trace need not be UTF-8.
  write_text_file(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace moescope
