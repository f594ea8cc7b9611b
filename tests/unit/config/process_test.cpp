// SPDX-License-Identifier: BSD-3-Clause
// Limits of the process and DPDK's folder, against a system tree built for each test.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <sstream>

#include "base/units.hpp"
#include "config/checks.hpp"
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

constexpr ProcessNeed kOnHugepages{
    .on_hugepages = true, .shares_files = true, .memory_bytes = 100 * kMiB, .lcores = 3};
constexpr ProcessNeed kOrdinary{.memory_bytes = 100 * kMiB, .lcores = 3};

class Process : public testing::Test {
 protected:
  Process() {
    std::filesystem::create_directories(tree_.path() / "var/run");
    std::filesystem::create_directories(tree_.path() / "tmp");
    tree_.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4096\n");
    may(0x1ffffffffff);
    ::unsetenv("RUNTIME_DIRECTORY");
    ::unsetenv("XDG_RUNTIME_DIR");
  }
  ~Process() override { ::unsetenv("RUNTIME_DIRECTORY"); }

  void may(std::uint64_t capabilities) const {
    std::ostringstream line;
    line << "CapEff:\t" << std::hex << std::setw(16) << std::setfill('0') << capabilities << '\n';
    tree_.write("proc/self/status", line.str());
  }
  void limit(const std::string& name, const std::string& soft, const std::string& hard) const {
    tree_.write("proc/self/limits", "Limit        Soft Limit  Hard Limit  Units\n" + name + "   " +
                                        soft + "   " + hard + "   bytes\n");
  }
  [[nodiscard]] Texts findings(const ProcessNeed& need, std::vector<std::string> set = {}) const {
    std::vector<Finding> found;
    const Config config = with_set(std::move(set));
    check_process(Check{config, tree_.sys_root(), found}, need);
    Texts texts;
    for (const Finding& finding : found) texts.push_back(to_text(finding));
    return texts;
  }

  Tree tree_;
};

TEST_F(Process, WithoutALimitNothingIsWrong) {
  EXPECT_EQ(findings(kOnHugepages), Texts{});
  for (const char* name :
       {"Max file size", "Max open files", "Max processes", "Max cpu time", "Max address space"}) {
    limit(name, "unlimited", "unlimited");
    EXPECT_EQ(findings(kOnHugepages), Texts{});
  }
}

TEST_F(Process, FileSizeBelowWhatIsWritten) {
  const std::string fix = "; ulimit -f unlimited, or LimitFSIZE=infinity in the systemd unit";
  const std::vector<std::string> letters = {"dead_letters.directory=/x",
                                            "dead_letters.segment_bytes=33554432"};
  limit("Max file size", "33554432", "unlimited");
  EXPECT_EQ(findings(kOnHugepages, letters), Texts{});
  limit("Max file size", "33554431", "unlimited");
  EXPECT_EQ(
      findings(kOnHugepages, letters),
      Texts{"--set dead_letters.segment_bytes=33554432: warning: a segment of dead letters has "
            "32 MiB: what is beyond is lost as dlq_write_failed, and this process may write "
            "files of 33554431 bytes at most" +
            fix});
  EXPECT_EQ(findings(kOnHugepages), Texts{});  // none are kept
  // 1,000 producers of 48 + 8 * (1 + 2) bytes each.
  const std::vector<std::string> windows = {
      "deduplication.state_file=/x/w", "deduplication.window=64", "deduplication.producers=65536"};
  limit("Max file size", std::to_string(65'536 * 72), "unlimited");
  EXPECT_EQ(findings(kOrdinary, windows), Texts{});
  limit("Max file size", std::to_string(65'536 * 72 - 1), "unlimited");
  EXPECT_EQ(findings(kOrdinary, windows).size(), 1U);
  EXPECT_EQ(findings(kOrdinary, {"log.file=/x/log"}).size(), 1U);
}

TEST_F(Process, FileSizeBelowAHugepage) {
  limit("Max file size", "2097152", "unlimited");
  EXPECT_EQ(findings(kOnHugepages), Texts{});
  limit("Max file size", "2097151", "unlimited");
  EXPECT_EQ(findings(kOnHugepages),
            Texts{"t.toml: error: each hugepage is a file of 2 MiB to DPDK, and this process may "
                  "write files of 2097151 bytes at most; ulimit -f unlimited, or "
                  "LimitFSIZE=infinity in the systemd unit"});
  EXPECT_EQ(findings(kOrdinary), Texts{});
  limit("Max file size", "1048575", "unlimited");
  EXPECT_EQ(findings(kOrdinary).size(), 1U);  // the ledger's file
}

TEST_F(Process, OpenFilesForEachHugepageAndLcore) {
  limit("Max open files", "10", "110");  // 48 + 4 * 3 + 50
  EXPECT_EQ(findings(kOnHugepages), Texts{});
  limit("Max open files", "10", "109");
  EXPECT_EQ(findings(kOnHugepages),
            Texts{"t.toml:4:1: error: about 110 open files are needed, and this process may have "
                  "109; ulimit -Hn 110 or more, or LimitNOFILE= in the systemd unit"});
  EXPECT_EQ(findings(kOrdinary), Texts{});
  limit("Max open files", "10", "59");
  EXPECT_EQ(findings(kOrdinary).size(), 1U);
}

TEST_F(Process, OpenFilesForEachConnection) {
  const std::vector<std::string> tcp = {"tcp[0].listen=\"127.0.0.1:9\"", "connections.max=500",
                                        "lcores.tcp=[0,1]"};
  limit("Max open files", "10", "1064");  // 48 + 4 * 3 + 2 * (500 + 1 + 1)
  EXPECT_EQ(findings(kOrdinary, tcp), Texts{});
  limit("Max open files", "10", "1063");
  EXPECT_EQ(findings(kOrdinary, tcp).size(), 1U);
  EXPECT_EQ(findings(kOrdinary), Texts{});
}

TEST_F(Process, ThreadsOfWhoIsBoundByThem) {
  limit("Max processes", "10", "unlimited");
  EXPECT_EQ(findings(kOrdinary), Texts{});  // root is not
  may(0);
  EXPECT_EQ(
      findings(kOrdinary),
      Texts{"t.toml:4:1: error: about 11 threads are needed, and this user may have 10 in all "
            "its processes; ulimit -u 11 or more, or LimitNPROC= in the systemd unit"});
  limit("Max processes", "11", "unlimited");
  EXPECT_EQ(findings(kOrdinary), Texts{});
}

TEST_F(Process, DataThatItMayHave) {
  limit("Max data size", std::to_string(356 * kMiB), "unlimited");
  EXPECT_EQ(findings(kOrdinary), Texts{});
  limit("Max data size", std::to_string(355 * kMiB), "unlimited");
  EXPECT_EQ(findings(kOrdinary),
            Texts{"t.toml: error: about 356 MiB of data are needed, and this process may have "
                  "355 MiB; ulimit -d unlimited, or LimitDATA=infinity in the systemd unit"});
  EXPECT_EQ(findings(kOnHugepages), Texts{});
}

TEST_F(Process, AddressesAndCpuTime) {
  limit("Max address space", std::to_string(356 * kMiB), "unlimited");
  EXPECT_EQ(findings(kOrdinary), Texts{});
  limit("Max address space", std::to_string(355 * kMiB), "unlimited");
  EXPECT_EQ(findings(kOrdinary),
            Texts{"t.toml: error: about 356 MiB of addresses are needed, and this process may have "
                  "355 MiB; ulimit -v unlimited, or LimitAS=infinity in the systemd unit"});
  EXPECT_EQ(findings(kOnHugepages).size(), 1U);
  limit("Max cpu time", "60", "unlimited");
  EXPECT_EQ(
      findings(kOrdinary),
      Texts{"t.toml: warning: after 60 s of CPU time, of all lcores together, escd drains and "
            "ends; ulimit -t unlimited, or LimitCPU=infinity in the systemd unit"});
}

TEST_F(Process, WhereDpdkKeepsItsFiles) {
  const auto at = [&](const std::filesystem::path& path) {
    ::setenv("RUNTIME_DIRECTORY", path.c_str(), 1);
    return findings(kOnHugepages);
  };
  const std::string root = tree_.path().string();
  const std::string fix =
      "; set RUNTIME_DIRECTORY to a folder that is there and that this user may write to";
  const std::string what = "': DPDK cannot keep its files of this instance there: ";
  EXPECT_EQ(at(root), Texts{});
  EXPECT_EQ(at(root + "/a:b"),
            Texts{"t.toml: error: '" + root + "/a:b" + what + "No such file or directory" + fix});
  tree_.write("dpdk/other/x", "");
  EXPECT_EQ(at(root), Texts{});
  tree_.write("dpdk/escd", "");
  EXPECT_EQ(at(root),
            Texts{"t.toml: error: '" + root + "/dpdk/escd" + what + "it is no folder" + fix});
  std::filesystem::remove_all(tree_.path() / "dpdk");
  if (::geteuid() == 0) {  // another user's, as /tmp/dpdk often is
    std::filesystem::create_directory(tree_.path() / "dpdk");
    std::filesystem::permissions(tree_.path(), std::filesystem::perms(0755));
    ASSERT_EQ(::seteuid(65'534), 0);
    const Texts others = at(root);
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(others, Texts{"t.toml: error: '" + root + "/dpdk" + what +
                            "it belongs to user 0, and user 65534 may not write to it" + fix});
    std::filesystem::remove(tree_.path() / "dpdk");
  }
  tree_.write("dpdk", "");
  const Texts without = findings(kOrdinary);
  ASSERT_EQ(without.size(), 1U);
  EXPECT_NE(without[0].find("warning: "), std::string::npos);
}

}  // namespace
}  // namespace esc::config
