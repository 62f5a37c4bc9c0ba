// Routed experts in the replies of servers: vLLM sends an NPY array, SGLang the bare int32 values.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/files/base64.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/npy.h"
#include "core/loads/read/route_table.h"

namespace moescope::load_formats {
namespace {

constexpr const char* kGiveShape =
    "Give the experts per token and the layers of the model (all its layers, dense ones too)";
constexpr const char* kShapeOptions = "--top-k, --layers";

using Json = nlohmann::json;
using Index = std::size_t;

/// The routes of one request, decoded.
struct Reply {
  std::string bytes;
  std::optional<std::int64_t> prompt, completion;  ///< tokens
  bool npy() const { return bytes.starts_with("\x93NUMPY"); }
};

/// Finds every text "routed_experts" of one or more JSON documents, and the token counts that stand
/// beside it or in "usage". Nothing else is kept.
class ReplyReader : public nlohmann::json_sax<Json> {
 public:
  explicit ReplyReader(const std::string& source) : source_(source) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t v) override { return number(v); }
  bool number_unsigned(number_unsigned_t v) override {
    return number(static_cast<std::int64_t>(std::min<number_unsigned_t>(v, INT64_MAX)));
  }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t& name) override {
    scopes_.back().key = name.size() < 32 ? name : "";
    return true;
  }
  bool string(string_t& text) override {
    if (scopes_.empty() || scopes_.back().key != "routed_experts") return true;
    auto bytes = decode_base64(text);
    if (!bytes)
      throw Error(source_, place(), "is not base64 text",
                  "Replies carry the routed experts in base64");
    scopes_.back().reply.bytes = std::move(*bytes);
    return true;
  }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override {
    Scope scope = std::move(scopes_.back());
    scopes_.pop_back();
    if (!scope.reply.bytes.empty())
      replies.push_back(std::move(scope.reply));
    else if (scope.reply.prompt && scope.reply.completion)
      usage_ = std::move(scope.reply);
    return true;
  }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override {
    scopes_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    throw Error(source_, fmt::format("byte {}", position),
                fmt::format("is not valid JSON ({})", error.what()),
                "Cut off replies are not read");
  }

  /// A reply of one choice has its token counts in "usage".
  void use_usage() {
    if (replies.size() != 1 || !usage_ || replies[0].prompt) return;
    replies[0].prompt = usage_->prompt;
    replies[0].completion = usage_->completion;
  }

  std::vector<Reply> replies;

 private:
  struct Scope {
    std::string key;
    Reply reply;
  };
  std::string place() const { return fmt::format("reply {}, routed_experts", replies.size()); }
  bool open() {
    if (scopes_.size() >= 64) throw Error(source_, "", "is nested deeper than replies are");
    scopes_.emplace_back();
    return true;
  }
  bool number(std::int64_t v) {
    if (scopes_.empty() || v < 0) return true;
    auto& scope = scopes_.back();
    if (scope.key == "prompt_tokens") scope.reply.prompt = v;
    if (scope.key == "completion_tokens") scope.reply.completion = v;
    return true;
  }

  const std::string& source_;
  std::vector<Scope> scopes_;
  std::optional<Reply> usage_;
};

Index ids_of(const Reply& reply) {
  return reply.bytes.size() / sizeof(std::int32_t);
}

/// Calls `use` for the ids of each layer of each token.
template <typename Use>
bool for_each_row(const Reply& reply, Index top_k, Use use) {
  std::vector<double> row(top_k);
  for (Index at = 0; at + top_k <= ids_of(reply); at += top_k) {
    for (Index i = 0; i < top_k; ++i) {
      std::int32_t id = 0;
      std::memcpy(&id, reply.bytes.data() + (at + i) * sizeof id, sizeof id);
      row[i] = id;
    }
    if (!use(std::span<const double>(row))) return false;
  }
  return true;
}

/// How SGLang's flat values are cut: layers * top_k = ids of a token.
class SglangSplit {
 public:
  SglangSplit(const std::vector<Reply>& replies, const std::string& source,
              const LoadReading& reading)
      : replies_(replies), source_(source), reading_(reading) {}

  /// Layers and experts of a token.
  std::pair<Index, Index> find() {
    if (reading_.top_k && reading_.layers)
      return {static_cast<Index>(*reading_.layers), static_cast<Index>(*reading_.top_k)};
    const Index width = ids_of_token();
    if (reading_.top_k) return checked(width, static_cast<Index>(*reading_.top_k));
    if (reading_.layers) {
      const auto layers = static_cast<Index>(*reading_.layers);
      if (width % layers != 0)
        fail(fmt::format("has {} values per token, which {} layers do not divide", width, layers));
      return {layers, width / layers};
    }
    return infer(width);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(source_, "meta_info.routed_experts", problem, kGiveShape, kShapeOptions);
  }
  /// The router saw every token but the last one.
  Index ids_of_token() const {
    Index width = 0;
    for (const Reply& reply : replies_) {
      if (!reply.prompt || !reply.completion)
        fail("comes without prompt_tokens and completion_tokens, so its shape is not known");
      const auto tokens = *reply.prompt + *reply.completion - 1;
      const Index ids = ids_of(reply);
      if (tokens < 1 || ids % static_cast<Index>(tokens) != 0 ||
          (width != 0 && ids / static_cast<Index>(tokens) != width))
        fail(
            fmt::format("has {} values for {} tokens, no whole number per token (a reply from a "
                        "later token on, routed_experts_start_len)",
                        ids, tokens));
      width = ids / static_cast<Index>(tokens);
    }
    return width;
  }
  std::pair<Index, Index> checked(Index width, Index top_k) const {
    if (width % top_k != 0)
      fail(fmt::format("has {} values per token, which {} experts per layer do not divide", width,
                       top_k));
    return {width / top_k, top_k};
  }
  RouteEvidence evidence(Index width, Index top_k) const {
    RouteTest test(width / top_k, top_k);
    for (const Reply& reply : replies_)
      if (!for_each_row(reply, top_k, [&](auto row) { return test.add(row); })) break;
    return test.evidence();
  }
  /// The most experts that no token repeats in a layer, if it is beyond doubt: with fewer of them
  /// neighbouring layers would never have named the same expert for a token.
  std::pair<Index, Index> infer(Index width) const {
    std::vector<Index> possible;
    double expected = 0;
    for (Index k = 1; k <= std::min(width, kMaxTopK); ++k) {
      if (width % k != 0) continue;
      const auto found = evidence(width, k);
      if (!found.possible) continue;
      possible.push_back(k);
      expected = found.expected_repeats;
    }
    if (possible.empty()) fail("holds values that cannot be experts");
    const auto most = static_cast<double>(possible.back());
    const auto next =
        possible.size() > 1 ? static_cast<double>(possible[possible.size() - 2]) : most;
    // Pairs of a number of each of two layers, as they would be with the next fewer experts.
    const double of_two_layers = most > 1 ? (most - next) / (most - 1) : 0;
    if (RouteEvidence{true, expected * of_two_layers, ""}.certain())
      return {width / possible.back(), possible.back()};
    fail(fmt::format(
        "has {} values per token, which could be {} experts in each layer: its shape is "
        "unknown",
        width, fmt::join(possible, ", ")));
  }

  const std::vector<Reply>& replies_;
  const std::string& source_;
  const LoadReading& reading_;
};

void read_sglang(const std::vector<Reply>& replies, LoadSet& loads, const LoadReading& reading) {
  loads.format = "routes (SGLang reply)";
  loads.engine = "sglang";
  const auto [layers, top_k] = SglangSplit(replies, loads.source, reading).find();
  RouteTable table(loads.source, layers, top_k);
  for (const Reply& reply : replies) {
    if (ids_of(reply) % (layers * top_k) != 0 || reply.bytes.size() % sizeof(std::int32_t) != 0)
      throw Error(
          loads.source, "meta_info.routed_experts",
          fmt::format("has {} values, no whole number of tokens of {} layers with {} experts",
                      ids_of(reply), layers, top_k),
          kGiveShape, kShapeOptions);
    for_each_row(reply, top_k, [&](auto row) {
      table.add(row);
      return true;
    });
    table.end_text();
  }
  if (!reading.top_k)
    loads.notes.push_back(fmt::format(
        "the reply does not state its shape: only with {} layers of {} experts do layers share "
        "experts while no token names one twice in a layer",
        layers, top_k));
  table.finish(loads, reading);
}

void read_vllm(const std::vector<Reply>& replies, LoadSet& loads, const LoadReading& reading) {
  loads.format = "routes (vLLM reply)";
  loads.engine = "vllm";
  std::optional<RouteTable> table;
  std::vector<std::size_t> shape;
  for (const Reply& reply : replies) {
    const auto array = parse_npy(reply.bytes, loads.source);
    if (array.shape.size() != 3)
      throw Error(loads.source, "routed_experts", "is not an array [token][layer][top k]");
    if (!table) table.emplace(loads.source, array.shape[1], array.shape[2]);
    if (!shape.empty() && (shape[1] != array.shape[1] || shape[2] != array.shape[2]))
      throw Error(loads.source, "routed_experts", "has another shape than in the reply before");
    shape = array.shape;
    array.rows([&](std::size_t, std::span<const double> row) {
      table->add(row);
      return true;
    });
    table->end_text();
  }
  table->finish(loads, reading);
}

}  // namespace

LoadSet read_replies(std::string_view text, const std::string& source, const LoadReading& reading) {
  ReplyReader reader(source);
  // One document, or one a line.
  for (std::string_view rest = text; !rest.empty();) {
    const auto begin = rest.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) break;
    rest.remove_prefix(begin);
    const auto line = rest.substr(0, rest.find('\n'));
    const bool whole = line.size() == rest.size() || !Json::accept(line);
    Json::sax_parse(whole ? rest : line, &reader);
    rest.remove_prefix(whole ? rest.size() : line.size());
  }
  reader.use_usage();
  const auto& replies = reader.replies;
  if (replies.empty())
    throw Error(source, "routed_experts", "is in no reply",
                "Ask for it with return_routed_experts (SGLang), or start vLLM with "
                "--enable-return-routed-experts");
  const bool npy = replies.front().npy();
  if (std::any_of(replies.begin(), replies.end(), [&](const auto& r) { return r.npy() != npy; }))
    throw Error(source, "routed_experts",
                "are of two servers: some are NPY arrays, others are not");
  LoadSet loads;
  loads.source = source;
  if (npy)
    read_vllm(replies, loads, reading);
  else
    read_sglang(replies, loads, reading);
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
