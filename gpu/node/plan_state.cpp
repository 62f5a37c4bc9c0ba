#include "gpu/node/plan_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"

namespace moescope::runtime {
namespace {

constexpr int kSchema = 1;
constexpr std::size_t kMaxState = std::size_t{256} << 20;
constexpr const char* kNoState = "is not a stored plan of a node";
constexpr const char* kRemedy = "Name another folder, or remove the file to begin at epoch 0";

using Json = nlohmann::ordered_json;

int lock_folder(const std::filesystem::path& folder) {
  const auto path = folder / "lock";
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0)
    throw Error(path.string(), "", std::string("cannot be opened: ") + std::strerror(errno),
                "Name a folder that you may write to with --state");
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  const int reason = errno;
  ::close(file);
  if (reason == EWOULDBLOCK)
    throw Error(folder.string(), "", "is the state of another node, which runs",
                "Stop that one, or name another folder with --state");
  throw Error(path.string(), "", std::string("cannot be locked: ") + std::strerror(reason));
}

struct Descriptor {
  explicit Descriptor(int file) : number(file) {}
  ~Descriptor() {
    const int reason = errno;
    if (number >= 0) ::close(number);
    errno = reason;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

Json plan_of_text(const std::string& text) {
  return text.empty() ? Json() : Json::parse(text);
}

}  // namespace

std::unique_ptr<PlanState> PlanState::in_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder))
    throw Error(folder.string(), "",
                error ? "cannot be made: " + error.message() : "is not a folder",
                "Name a folder that you may write to with --state");
  const int lock = lock_folder(folder);
  return std::unique_ptr<PlanState>(new PlanState(folder / "plan.json", lock));
}

std::unique_ptr<PlanState> PlanState::beside_recording(const std::filesystem::path& path) {
  return std::unique_ptr<PlanState>(new PlanState(path.string() + "-plan", -1));
}

PlanState::~PlanState() {
  if (lock_ >= 0) ::close(lock_);
}

std::string PlanState::text() const {
  std::error_code error;
  if (!std::filesystem::exists(file_, error) && !error) return {};
  return read_text_file(file_, kMaxState);
}

void PlanState::prepare(const StoredPlan& next) {
  const Json document = {
      {"schema", kSchema},
      {"epoch", next.epoch},
      {"name", next.name},
      {"plan", plan_of_text(plan_json(next.plan))},
      {"previous", next.previous ? plan_of_text(plan_json(*next.previous)) : Json()},
      {"given", plan_of_text(given_)}};
  const std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const Descriptor file(
      ::open(beside().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.number < 0) fail("cannot be written");
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(file.number, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) fail("cannot be written");
    done += static_cast<std::size_t>(wrote);
  }
  if (::fsync(file.number) != 0) fail("cannot be written");
}

void PlanState::adopt() {
  if (::rename(beside().c_str(), file_.c_str()) != 0) fail("cannot be replaced");
}

void PlanState::sync() {
  const auto folder = file_.has_parent_path() ? file_.parent_path() : std::filesystem::path(".");
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.number < 0 || (::fsync(file.number) != 0 && errno != EINVAL)) fail("cannot be synced");
}

void PlanState::fail(const char* what) const {
  throw Error(file_.string(), "", fmt::format("{}: {}", what, std::strerror(errno)),
              "Check free space and your rights in its folder");
}

StateReading parse_plan_state(const std::string& text, const std::string& source) {
  const Json document = Json::parse(text, nullptr, false);
  const auto field = [&](const char* name) {
    return document.is_object() && document.contains(name) ? document[name] : Json();
  };
  if (field("schema") != kSchema || !field("epoch").is_number_unsigned() ||
      !field("name").is_string() || !field("plan").is_object())
    throw Error(source, "", kNoState, kRemedy);
  const auto plan = [&](const Json& json) {
    const PlanReading reading = parse_plan(json.dump(), source);
    if (!reading.problems.empty()) throw Error(source, "", kNoState, kRemedy);
    return reading.plan;
  };
  StateReading reading;
  reading.stored.epoch = field("epoch").get<std::uint64_t>();
  reading.stored.name = field("name").get<std::string>();
  reading.stored.plan = plan(field("plan"));
  if (field("previous").is_object()) reading.stored.previous = plan(field("previous"));
  if (field("given").is_object()) reading.given = plan_json(plan(field("given")));
  return reading;
}

}  // namespace moescope::runtime
