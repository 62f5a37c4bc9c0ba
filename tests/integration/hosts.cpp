#include "tests/integration/hosts.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/integration/mpi_run.h"

namespace moescope::test {
namespace {

constexpr std::array kControl = {"10.213.77.1", "10.213.77.2"};
constexpr std::array kData = {"10.213.78.1", "10.213.78.2"};

std::filesystem::path network_of(const std::filesystem::path& process) {
  std::error_code none;
  return std::filesystem::read_symlink(process / "ns/net", none);
}

std::filesystem::path folder_of(pid_t pid) {
  return std::filesystem::path("/proc") / std::to_string(pid);
}

/// Keeps namespaces alive while it sleeps; ends with this program.
std::vector<std::string> holder(int ahead) {
  return {"setpriv",
          "--pdeathsig",
          "KILL",
          "unshare",
          "--net",
          "--uts",
          "--time",
          "--monotonic",
          std::to_string(ahead),
          "--fork",
          "--kill-child=KILL",
          "sleep",
          "infinity"};
}

/// The process in which `holder` sleeps.
pid_t sleeper(pid_t holder) {
  const auto children = folder_of(holder) / "task" / std::to_string(holder) / "children";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < until) {
    const pid_t pid = std::atoi(read_file(children).c_str());
    if (pid > 0 && read_file(folder_of(pid) / "comm") == "sleep\n") return pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("a host does not come up");
}

std::vector<std::string> entering(pid_t pid) {
  return {"nsenter", "--target", std::to_string(pid), "--net", "--uts", "--time"};
}

}  // namespace

std::string Hosts::problem() {
  if (geteuid() != 0) return "network namespaces need root";
  for (const char* tool : {"ip -V", "nsenter -V", "setpriv -V"})
    if (run_program({"sh", "-c", tool}).exit_code != 0)
      return fmt::format("`{}` does not work (iproute2, util-linux)", tool);
  const auto tried = run_program({"unshare", "--net", "--uts", "--time", "--monotonic", "1",
                                  "--fork", "ip", "link", "add", "type", "veth"});
  return tried.exit_code == 0 ? "" : "no namespaces here: " + tried.err;
}

Hosts::Hosts() {
  std::string cases;
  for (std::size_t host = 0; host < 2; ++host) {
    holders_.push_back(std::make_unique<StartedProgram>(holder(host == 0 ? 0 : kAheadSeconds)));
    pids_[host] = sleeper(holders_.back()->pid());
    networks_[host] = network_of(folder_of(pids_[host]));
    cases += fmt::format("{}) pid={} ;;\n", kControl[host], pids_[host]);
  }
  for (const char* link : {"control", "data"}) {
    const auto made =
        run_program({"ip", "link", "add", "name", link, "netns", std::to_string(pids_[0]), "type",
                     "veth", "peer", "name", link, "netns", std::to_string(pids_[1])});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
  }
  for (std::size_t host = 0; host < 2; ++host)
    on(host, fmt::format("hostname host{} && ip link set lo up && ip link set control up && "
                         "ip link set data up && ip addr add {}/24 dev control && "
                         "ip addr add {}/24 dev data",
                         host, kControl[host], kData[host]));
  std::ofstream(folder_ / "agent") << "host=$1; shift; case $host in\n"
                                   << cases << "esac\nexec nsenter --target $pid --net --uts "
                                   << "--time sh -c \"$*\"\n";
}

Hosts::~Hosts() {
  for (const pid_t pid : running()) ::kill(pid, SIGKILL);
  for (const auto& holder : holders_) {
    ::kill(holder->pid(), SIGKILL);
    holder->result();
  }
}

void Hosts::on(std::size_t host, const std::string& command) const {
  auto all = entering(pids_[host]);
  all.insert(all.end(), {"sh", "-c", command});
  const auto result = run_program(all);
  if (result.exit_code != 0) throw std::runtime_error(command + ": " + result.err);
}

std::vector<std::string> Hosts::mpirun(int processes,
                                       const std::vector<std::string>& command) const {
  auto all = entering(pids_[0]);
  const std::string slots = ":" + std::to_string(processes);
  all.insert(all.end(),
             {"setpriv", "--pdeathsig", "KILL", "mpirun", "--allow-run-as-root", "--oversubscribe",
              "--bind-to", "none", "-n", std::to_string(2 * processes), "--host",
              kControl[0] + slots + "," + kControl[1] + slots});
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"plm_rsh_agent", "sh " + (folder_ / "agent").string()},
      {"btl", "tcp,self"},
      {"btl_tcp_if_include", "data"},
      {"oob_tcp_if_include", "control"},
      {"oob_tcp_keepalive_time", "5"},
      {"oob_tcp_keepalive_intvl", "2"},
      {"oob_tcp_keepalive_probes", "3"}};
  for (const auto& [name, value] : settings) all.insert(all.end(), {"--mca", name, value});
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

void Hosts::cut_data() {
  on(0, "ip link set data down");
}

void Hosts::cut_all() {
  on(0, "ip link set data down && ip link set control down");
}

bool Hosts::is_on_one(const std::filesystem::path& process) const {
  const auto network = network_of(process);
  return !network.empty() && (network == networks_[0] || network == networks_[1]);
}

pid_t Hosts::process(int index) const {
  return process_of(index, [this](const auto& process) { return is_on_one(process); });
}

std::vector<pid_t> Hosts::running() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    const bool keeps = std::any_of(holders_.begin(), holders_.end(),
                                   [&](const auto& holder) { return holder->pid() == pid; }) ||
                       std::find(pids_.begin(), pids_.end(), pid) != pids_.end();
    if (pid > 0 && !keeps && is_on_one(entry.path())) found.push_back(pid);
  }
  return found;
}

}  // namespace moescope::test
