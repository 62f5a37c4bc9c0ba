#include "app/commands/mcp/mcp_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/error.h"
#include "core/files.h"
#include "core/loads/files/base64.h"
#include "core/plain_text.h"
#include "core/version.h"

namespace moescope::mcp {
namespace {

// JSON-RPC 2.0.
constexpr int kParseError = -32700, kInvalidRequest = -32600, kNoSuchMethod = -32601,
              kInvalidParams = -32602, kBusy = -32000;
/// Versions of the protocol that are the same for a server with tools alone; the newest first.
constexpr std::array kVersions = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
constexpr std::size_t kMaxPictureBytes = std::size_t{8} << 20;
constexpr const char* kInstructions =
    "Read-only analyses of traces of MoE serving and training, of expert loads and of placement "
    "plans. Call \"files\" for what there is and \"sql_schema\" before \"sql\". Times are integer "
    "ns from the trace start; exposed communication is that during which the GPU computes nothing.";

bool is_id(const ToolJson& id) {
  return id.is_string() || id.is_number_integer();
}

/// JSON without the white space that is for people; other text as it is.
std::string compact(const std::string& text) {
  const auto json = ToolJson::parse(text, nullptr, false);
  if (json.is_discarded()) return text;
  return printable_json(json.dump(-1, ' ', false, ToolJson::error_handler_t::replace));
}

/// The reply to a call with one piece of content.
ToolJson result_of(ToolJson content, bool failed) {
  auto list = ToolJson::array();
  list.push_back(std::move(content));
  return {{"content", std::move(list)}, {"isError", failed}};
}

ToolJson text_result(std::string text, bool failed) {
  return result_of({{"type", "text"}, {"text", std::move(text)}}, failed);
}

}  // namespace

Server::Server(Roots roots, ServerOptions options, int input, Send send)
    : roots_(std::move(roots)), options_(options), input_(input), send_(std::move(send)) {}

void Server::run() {
  while (input_ >= 0 || !waiting_.empty()) {
    if (waiting_.empty()) {
      read_input();
      continue;
    }
    const ToolJson message = std::move(waiting_.front());
    waiting_.pop_front();
    handle(message);
  }
}

/// Reads what there is and queues whole messages; true when the call that runs was cancelled.
bool Server::read_input() {
  std::array<char, 65536> block{};
  const auto n = ::read(input_, block.data(), block.size());
  if (n < 0 && errno == EINTR) return false;
  if (n <= 0) {
    input_ = -1;
    if (!pending_.empty() && !skipping_) take_line(pending_);
    return false;
  }
  const bool ran = running_.has_value();
  std::string_view rest(block.data(), static_cast<std::size_t>(n));
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto part = rest.substr(0, end);
    if (!skipping_) pending_ += part;
    if (!skipping_ && pending_.size() > kMaxMessageBytes) {
      error(nullptr, kInvalidRequest,
            fmt::format("a message has more than {} bytes", kMaxMessageBytes));
      skipping_ = true;
    }
    if (end == std::string_view::npos) break;
    if (!skipping_) take_line(pending_);
    pending_.clear();
    skipping_ = false;
    rest.remove_prefix(end + 1);
  }
  if (skipping_) pending_.clear();
  return ran && !running_;
}

void Server::take_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  auto message = ToolJson::parse(line, nullptr, false);
  if (message.is_discarded()) return error(nullptr, kParseError, "a line is no JSON");
  if (!message.is_object() || message.value("jsonrpc", ToolJson()) != "2.0")
    return error(nullptr, kInvalidRequest, "a message is no JSON-RPC 2.0 object");
  const auto id = message.find("id");
  if (id != message.end() && !is_id(*id))
    return error(nullptr, kInvalidRequest, "an id is neither a text nor a whole number");
  const auto method = message.find("method");
  if (method == message.end()) return;  // a reply: this server asks nothing
  if (!method->is_string())
    return error(id == message.end() ? ToolJson() : *id, kInvalidRequest, "method is no text");
  if (urgent(message)) return;
  if (waiting_.size() >= kMaxWaiting) {
    if (id != message.end()) error(*id, kBusy, "too many requests wait; ask again later");
    return;
  }
  waiting_.push_back(std::move(message));
}

/// Pings, and cancellations: those of requests that wait are as if these had not come.
bool Server::urgent(const ToolJson& message) {
  const auto& method = message["method"].get_ref<const std::string&>();
  if (method == "ping" && message.contains("id")) {
    reply(message["id"], ToolJson::object());
    return true;
  }
  if (method != "notifications/cancelled") return false;
  const auto params = message.find("params");
  if (params == message.end() || !params->is_object()) return true;
  const auto id = params->value("requestId", ToolJson());
  if (running_ && *running_ == id) running_.reset();
  std::erase_if(waiting_, [&](const ToolJson& other) {
    return other.contains("id") && other["id"] == id && is_id(id);
  });
  return true;
}

void Server::handle(const ToolJson& message) {
  if (!message.contains("id")) return;  // notifications/initialized and others need no answer
  const auto& id = message["id"];
  const auto& method = message["method"].get_ref<const std::string&>();
  const ToolJson params = message.value("params", ToolJson::object());
  if (!params.is_object()) return error(id, kInvalidParams, "params is no object");
  if (method == "initialize") return initialize(id, params);
  if (!initialized_) return error(id, kInvalidRequest, "initialize comes first");
  if (method == "tools/call") return call(id, params);
  if (method != "tools/list") return error(id, kNoSuchMethod, "there is no method " + method);
  auto list = ToolJson::array();
  for (const auto& tool : tools(options_.pictures)) list.push_back(listed(tool));
  reply(id, {{"tools", std::move(list)}});
}

void Server::initialize(const ToolJson& id, const ToolJson& params) {
  const auto asked = params.value("protocolVersion", ToolJson());
  if (!asked.is_string()) return error(id, kInvalidParams, "protocolVersion is missing");
  const auto known = std::find(kVersions.begin(), kVersions.end(), asked.get<std::string>());
  initialized_ = true;
  reply(id, {{"protocolVersion", known == kVersions.end() ? kVersions.front() : *known},
             {"capabilities", {{"tools", {{"listChanged", false}}}}},
             {"serverInfo",
              {{"name", "moescope"}, {"title", "MoEscope"}, {"version", program_version()}}},
             {"instructions", kInstructions}});
}

void Server::call(const ToolJson& id, const ToolJson& params) {
  const auto name = params.value("name", ToolJson());
  const auto arguments = params.value("arguments", ToolJson::object());
  const auto& all = tools(options_.pictures);
  const auto tool =
      std::find_if(all.begin(), all.end(), [&](const Tool& other) { return name == other.name; });
  if (tool == all.end()) return error(id, kInvalidParams, "there is no tool of this name");
  if (!arguments.is_object()) return error(id, kInvalidParams, "arguments is no object");
  ToolJson result;
  running_ = id;
  try {
    result = outcome(*tool, command_line(*tool, arguments, roots_));
  } catch (const Error& problem) {
    result = text_result(problem.what(), true);
  }
  // A request that was cancelled is not answered.
  if (running_) reply(id, std::move(result));
  running_.reset();
}

ToolJson Server::outcome(const Tool& tool, const std::vector<std::string>& words) {
  if (tool.command.empty())
    return text_result(
        printable_json(roots_.list(words.empty() ? "" : words.back())
                           .dump(-1, ' ', false, ToolJson::error_handler_t::replace)),
        false);
  if (tool.picture) return picture(tool, words);
  const auto result = run_words(words);
  if (!result) return nullptr;
  if (result->end != ChildResult::End::Exited || result->exit_code != 0) return failure(*result);
  return text_result(compact(result->out), false);
}

ToolJson Server::picture(const Tool& tool, std::vector<std::string> words) {
  const auto file = folder_.path() / "chart.png";
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  words.insert(words.begin() + static_cast<long>(tool.command.size()), "--output=" + file.string());
  const auto result = run_words(words);
  if (!result) return nullptr;
  if (result->end != ChildResult::End::Exited || result->exit_code != 0) return failure(*result);
  const auto png = encode_base64(read_text_file(file, kMaxPictureBytes));
  return result_of({{"type", "image"}, {"data", png}, {"mimeType", "image/png"}}, false);
}

/// nullopt when the call was cancelled.
std::optional<ChildResult> Server::run_words(const std::vector<std::string>& words) {
  auto result =
      run_child(words, folder_.path(), options_.limits, input_, [this] { return read_input(); });
  if (result.end == ChildResult::End::Stopped) return std::nullopt;
  return result;
}

ToolJson Server::failure(const ChildResult& result) const {
  switch (result.end) {
    case ChildResult::End::TimedOut:
      return text_result(fmt::format("took longer than {} s: ask for less, a time window or fewer "
                                     "rows, or start moescope mcp with a longer --timeout",
                                     options_.limits.seconds),
                         true);
    case ChildResult::End::TooLong:
      return text_result(fmt::format("the answer has more than {} bytes: ask for less, or start "
                                     "moescope mcp with a larger --max-answer",
                                     options_.limits.output_bytes),
                         true);
    case ChildResult::End::Crashed:
      return text_result("the analysis ended unexpectedly: please report the file", true);
    default:
      return text_result(result.err.empty() ? "failed without a message" : result.err, true);
  }
}

void Server::reply(const ToolJson& id, ToolJson result) {
  send({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

void Server::error(const ToolJson& id, int code, const std::string& message) {
  send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}});
}

void Server::send(const ToolJson& message) {
  send_(printable_json(message.dump(-1, ' ', false, ToolJson::error_handler_t::replace)));
}

}  // namespace moescope::mcp
