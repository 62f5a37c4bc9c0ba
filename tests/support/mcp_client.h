// A client of the Model Context Protocol that starts the built program and talks to it over pipes.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace moescope::test {

class McpClient {
 public:
  using Json = nlohmann::json;

  /// Starts `moescope mcp ARGUMENTS...`.
  explicit McpClient(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {MOESCOPE_PROGRAM, "mcp"});
    std::vector<char*> argv;
    for (auto& word : arguments) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> in{}, out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = in[1];
    from_ = out[0];
    signal(SIGPIPE, SIG_IGN);
  }
  ~McpClient() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    finish();
    close(from_);
  }
  McpClient(const McpClient&) = delete;
  McpClient& operator=(const McpClient&) = delete;

  void send_text(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
      const auto n = write(to_, text.data() + done, text.size() - done);
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
  }
  void send(const Json& message) { send_text(message.dump() + "\n"); }
  /// The next message; a discarded value when the server has ended. Waits for at most a minute.
  Json receive() {
    for (;;) {
      if (const auto end = pending_.find('\n'); end != std::string::npos) {
        auto message = Json::parse(pending_.substr(0, end), nullptr, false);
        pending_.erase(0, end + 1);
        return message;
      }
      pollfd ready{from_, POLLIN, 0};
      std::array<char, 65536> block{};
      if (poll(&ready, 1, 60'000) <= 0) throw std::runtime_error("the server does not answer");
      const auto n = read(from_, block.data(), block.size());
      if (n <= 0) return Json(Json::value_t::discarded);
      pending_.append(block.data(), static_cast<std::size_t>(n));
    }
  }
  /// Sends a request and receives the answer.
  Json request(const std::string& method, const Json& params = Json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}});
    return receive();
  }
  Json initialize(const std::string& version = "2025-06-18") {
    auto answer = request("initialize", {{"protocolVersion", version},
                                         {"capabilities", Json::object()},
                                         {"clientInfo", {{"name", "test"}, {"version", "1"}}}});
    send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    return answer;
  }
  /// The result of a call: content and isError.
  Json call(const std::string& tool, const Json& arguments = Json::object()) {
    auto answer = request("tools/call", {{"name", tool}, {"arguments", arguments}});
    return answer.contains("result") ? answer["result"] : answer;
  }
  /// The document that a call answers with; null when it failed.
  Json document(const std::string& tool, const Json& arguments = Json::object()) {
    const auto result = call(tool, arguments);
    if (!result.contains("content") || result["isError"] != false) return result;
    return Json::parse(result["content"][0]["text"].get<std::string>(), nullptr, false);
  }
  /// Closes the input and returns the exit status.
  int finish() {
    if (to_ >= 0) close(to_);
    to_ = -1;
    if (pid_ <= 0) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1, last_id_ = 0;
  std::string pending_;
};

}  // namespace moescope::test
