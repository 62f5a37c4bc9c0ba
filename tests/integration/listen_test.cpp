// A node that cannot listen says why, before it loads anything, and never ends by a signal.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/node_process.h"

namespace moescope {
namespace {

using std::filesystem::perms;
using test::NodeProcess;
using test::run_program;
using testing::HasSubstr;
using testing::Not;

constexpr perms kPrivate = perms::owner_read | perms::owner_write;

class NodeListens : public testing::Test {
 protected:
  test::TempFolder folder;

  /// Runs a node that is expected to fail. A model that cannot be loaded stands behind the address:
  /// the address must have failed before.
  test::ProgramResult node(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {program(), "--model", (folder / "no-model").string()});
    return run_program(std::move(arguments));
  }
  void expect_refused(std::vector<std::string> arguments, const std::string& why) {
    const auto result = node(std::move(arguments));
    EXPECT_EQ(result.exit_code, 1) << "ended by a signal, or went on: " << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_THAT(result.err, Not(HasSubstr("no-model"))) << "the model came first";
  }
  static std::string program() {
    return (std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node").string();
  }
  std::filesystem::path write(const std::string& name, const std::string& text,
                              perms mode = kPrivate) {
    std::ofstream(folder / name) << text;
    std::filesystem::permissions(folder / name, mode);
    return folder / name;
  }
  void openssl(const std::string& arguments) {
    const std::string command =
        "cd '" + folder.path().string() + "' && openssl " + arguments + " 2> /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void certificate(const std::string& name, const std::string& days = "90") {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days " + days +
            " -subj /CN=node -keyout " + name + ".key -out " + name + ".pem");
  }
  /// Valid from `begin` to `end`, as YYYYMMDDhhmmssZ.
  void certificate(const std::string& name, const std::string& begin, const std::string& end) {
    write("ca.cnf",
          "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n"
          "default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n");
    write("index.txt", "");
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=node -keyout " +
            name + ".key -out " + name + ".csr");
    openssl("ca -batch -notext -selfsign -config ca.cnf -keyfile " + name + ".key -in " + name +
            ".csr -startdate " + begin + " -enddate " + end + " -out " + name + ".pem");
  }
  std::vector<std::string> tls(const std::string& cert, const std::string& key) {
    return {"--listen",   "127.0.0.1:0",
            "--tls-ca",   (folder / "one.pem").string(),
            "--tls-cert", (folder / (cert + ".pem")).string(),
            "--tls-key",  (folder / (key + ".key")).string()};
  }
};

TEST_F(NodeListens, ASocketThatIsInUseOrOpenToOthersIsReported) {
  NodeProcess running(folder);
  ASSERT_TRUE(running.ready()) << running.messages();
  expect_refused({"--listen", running.target()}, "another node listens there");
  expect_refused({"--listen", "unix:" + (folder / "node").string()}, "is open to other users");
  std::filesystem::create_directory(folder / "own");
  std::filesystem::permissions(folder / "own", perms::owner_all);
  write("own/file", "text");
  expect_refused({"--listen", "unix:" + (folder / "own/file").string()}, "something else is there");
  expect_refused({"--listen", "nonsense"}, "HOST:PORT");
  expect_refused({"--listen", "gpu7:9000"}, "mutual TLS is mandatory");
}

TEST_F(NodeListens, ATokenThatIsMissingOpenOrShortIsReported) {
  const auto listen = [](const std::filesystem::path& token) -> std::vector<std::string> {
    return {"--listen", "127.0.0.1:0", "--token-file", token.string()};
  };
  expect_refused({"--listen", "127.0.0.1:0"}, "Give a token file, or use unix:PATH (--token-file)");
  expect_refused(listen(folder / "none"), "cannot open");
  expect_refused(listen(write("open", "0123456789abcdef0123", kPrivate | perms::others_read)),
                 "can be read by others");
  expect_refused(listen(write("short", "0123")), "holds no token");
}

TEST_F(NodeListens, APortInUseIsReported) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  expect_refused({"--listen", "127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                  "--token-file", write("token", "0123456789abcdef0123").string()},
                 "cannot be listened on");
  ::close(fd);
}

TEST_F(NodeListens, CertificatesThatCannotServeAreReported) {
  if (std::system("openssl version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "the openssl command is not installed";
  certificate("one");
  certificate("two");
  certificate("past", "20200101000000Z", "20200201000000Z");
  certificate("future", "20490101000000Z", "20491231000000Z");
  expect_refused(tls("one", "two"), "is not the key of");
  expect_refused(tls("past", "past"), "expired on 2020-02-01");
  expect_refused(tls("future", "future"), "is not valid before 2049-01-01");
  write("empty.pem", "");
  expect_refused(tls("empty", "one"), "holds no certificate");
  std::filesystem::permissions(folder / "two.key", kPrivate | perms::group_read);
  expect_refused(tls("two", "two"), "can be read by others");
}

TEST_F(NodeListens, ACertificateThatExpiresSoonIsReportedAndServes) {
  if (std::system("openssl version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "the openssl command is not installed";
  certificate("one");
  certificate("soon", "5");
  const auto result = node(tls("soon", "soon"));
  EXPECT_THAT(result.err, HasSubstr("expires on"));
  EXPECT_THAT(result.err, HasSubstr("no-model")) << "it goes on to load the model";
  EXPECT_THAT(node(tls("one", "one")).err, Not(HasSubstr("expires on")));
}

TEST_F(NodeListens, ARecordingThatCannotBeWrittenEndsInAnErrorToo) {
  const auto result =
      run_program({program(), "--ranks", "4", "--nodes", "1", "--listen",
                   "unix:" + (folder / "private/node").string(), "-o", "/nowhere/run.moetrace"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("/nowhere/run.moetrace"));
}

TEST_F(NodeListens, AFullDiskEndsInAnErrorToo) {
  const auto small = folder / "small";
  std::filesystem::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=400k") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here";
  const auto result = run_program({program(), "--ranks", "4", "--nodes", "1", "--listen",
                                   "unix:" + (folder / "private/node").string(), "--seconds", "60",
                                   "-o", (small / "run.moetrace").string()});
  umount2(small.c_str(), MNT_DETACH);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("run.moetrace"));
}

}  // namespace
}  // namespace moescope
