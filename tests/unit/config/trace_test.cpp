// SPDX-License-Identifier: BSD-3-Clause
// Which traces are valid, and what the checks say about the others.
#include "config/trace.hpp"

#include <sys/stat.h>

#include "config/environment.hpp"
#include "support.hpp"
#include "trace_bytes.hpp"

namespace esc::config {
namespace {

using namespace test;

class Trace : public testing::Test {
 protected:
  [[nodiscard]] std::string write(const std::string& bytes) const {
    return tree_.write("t.pcap", bytes);
  }
  [[nodiscard]] TraceContent content(const std::string& bytes) const {
    const TraceVerdict verdict = judge_trace(write(bytes));
    if (const auto* sound = std::get_if<TraceContent>(&verdict)) return *sound;
    ADD_FAILURE() << std::get<std::string>(verdict);
    return {};
  }
  [[nodiscard]] static std::string problem_of(const std::string& path) {
    const TraceVerdict verdict = judge_trace(path);
    const auto* problem = std::get_if<std::string>(&verdict);
    return problem == nullptr ? "sound" : *problem;
  }
  [[nodiscard]] std::string problem(const std::string& bytes) const {
    return problem_of(write(bytes));
  }
  /// The findings for a port with these `--set`, in which TRACE stands for a file with these bytes.
  [[nodiscard]] Texts said(const std::string& bytes, std::vector<std::string> set) const {
    const std::string path = write(bytes);
    for (std::string& one : set) {
      for (std::size_t at = 0; (at = one.find("TRACE")) != std::string::npos;) {
        one.replace(at, 5, path);
      }
    }
    Texts texts;
    for (const Finding& finding : check_virtual_ports(with_set(std::move(set)), tree_.sys_root())) {
      std::string text = std::string(name(finding.severity)) + ": " + finding.what;
      if (const std::size_t at = text.find(path); at != std::string::npos) {
        text.replace(at, path.size(), "TRACE");
      }
      texts.push_back(std::move(text));
    }
    return texts;
  }

  Tree tree_;
};

TEST_F(Trace, SoundOnesInEveryFormat) {
  const std::string two = pcap_record(60) + pcap_record(1'500);
  const TraceContent expected{.packets = 2, .longest_bytes = 1'500};
  EXPECT_EQ(content(pcap_header() + two), expected);
  std::string nanoseconds = pcap_header();
  nanoseconds.replace(0, 4, "\x4d\x3c\xb2\xa1");
  EXPECT_EQ(content(nanoseconds + two), expected);
  EXPECT_EQ(content(ng_section() + ng_interface(1) + ng_packet(0, std::string(60, 'x')) +
                    ng_packet(0, std::string(1'500, 'x'))),
            expected);
  std::string big = other_endian(pcap_header() + pcap_record(60) + pcap_record(1'500));
  big[5] = big[7] = 0;  // the version is two numbers of two bytes
  big[4] = 0, big[5] = 2, big[6] = 0, big[7] = 4;
  EXPECT_EQ(content(big), expected);
}

TEST_F(Trace, CutPacketsAreCounted) {
  EXPECT_EQ(content(pcap_header() + pcap_record(60) + pcap_record(64, 1'500, std::string(64, 'x'))),
            (TraceContent{.packets = 2, .cut_packets = 1, .longest_bytes = 64}));
}

TEST_F(Trace, EveryCutOfASoundTraceIsDamageOrARecordLess) {
  const std::string whole = pcap_header() + pcap_record(20) + pcap_record(30) + pcap_record(40);
  const std::vector<std::size_t> ends = {24 + 36, 24 + 36 + 46, 24 + 36 + 46 + 56};
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    const TraceVerdict verdict = judge_trace(write(whole.substr(0, bytes)));
    const auto end = std::find(ends.begin(), ends.end(), bytes);
    if (end == ends.end()) {
      ASSERT_TRUE(std::holds_alternative<std::string>(verdict)) << bytes;
      continue;
    }
    ASSERT_TRUE(std::holds_alternative<TraceContent>(verdict)) << bytes;
    EXPECT_EQ(std::get<TraceContent>(verdict).packets,
              static_cast<std::uint64_t>(end - ends.begin()) + 1);
  }
}

TEST_F(Trace, Damage) {
  EXPECT_EQ(problem(pcap_header() + pcap_record(60) + pcap_record(60).substr(0, 70)),
            "it is damaged after packet 1: truncated dump file; tried to read 60 captured bytes, "
            "only got 54");
  EXPECT_EQ(problem(pcap_header() + pcap_record(60) + pcap_record(60).substr(0, 5)),
            "it is damaged after packet 1: truncated dump file; tried to read 16 header bytes, "
            "only got 5");
  const std::string first = problem(pcap_header() + pcap_record(0xffffffff, 0xffffffff, "x"));
  EXPECT_EQ(first.substr(0, 32), "it is damaged at its first packe") << first;
  const std::string second =
      problem(pcap_header() + pcap_record(60) + pcap_record(0xffffffff, 0xffffffff, "x"));
  EXPECT_EQ(second.substr(0, 29), "it is damaged after packet 1:") << second;
  // If two interfaces have different link types, libpcap reads only the first.
  const std::string mixed =
      problem(ng_section() + ng_interface(1) + ng_packet(0, std::string(60, 'x')) +
              ng_interface(113) + ng_packet(1, std::string(60, 'x')));
  EXPECT_EQ(mixed.substr(0, 29), "it is damaged after packet 1:") << mixed;
}

TEST_F(Trace, NotWhatThePortIsFor) {
  EXPECT_EQ(problem(pcap_header(113) + pcap_record(60)), "its link type is 113, not Ethernet (1)");
  EXPECT_EQ(problem(ng_section() + ng_interface(105) + ng_packet(0, std::string(60, 'x'))),
            "its link type is 105, not Ethernet (1)");
  EXPECT_EQ(problem(pcap_header()), "it holds no packet");
  EXPECT_EQ(problem(ng_section() + ng_interface(1)), "it holds no packet");
  EXPECT_EQ(problem(""), "it is empty");
  EXPECT_EQ(problem("this is not a capture file").substr(0, 25), "it is not a capture file:");
  EXPECT_EQ(problem(pcap_header().substr(0, 23)).substr(0, 25), "it is not a capture file:");
  EXPECT_EQ(problem(pcap_header(1, 262'144) + pcap_record(65'536)),
            "packet 1 has 65536 bytes, more than a packet can have (65535)");
  EXPECT_EQ(content(pcap_header(1, 262'144) + pcap_record(65'535)).longest_bytes, 65'535U);
}

TEST_F(Trace, OnlyARegularFileIsOpened) {
  EXPECT_EQ(problem_of(tree_.path() / "none"), "No such file or directory");
  EXPECT_EQ(problem_of(tree_.path()), "it is a directory");
  EXPECT_EQ(problem_of("/dev/zero"), "it is a character device");
  const std::string fifo = tree_.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(problem_of(fifo), "it is a FIFO");  // without waiting for a writer
}

TEST_F(Trace, APortSaysWhatIsWrongWithIt) {
  const std::string device = "port[0].device=net_pcap0,rx_pcap=TRACE";
  EXPECT_EQ(said(pcap_header() + pcap_record(60), {device}), Texts{});
  EXPECT_EQ(said(pcap_header(), {device}), Texts{"error: trace 'TRACE': it holds no packet"});
  EXPECT_EQ(said(pcap_header() + pcap_record(64, 1'500, std::string(64, 'x')), {device}),
            Texts{"warning: trace 'TRACE': of 1 packets 1 were cut when they were captured: their "
                  "datagrams are ip_truncated"});
  EXPECT_EQ(said(pcap_header() + pcap_record(60), {"port[0].device=eth_pcap0,rx_pcap=TRACE"}),
            Texts{});
  EXPECT_EQ(said(pcap_header(), {"port[0].device=eth_pcap0,rx_pcap=TRACE"}),
            Texts{"error: trace 'TRACE': it holds no packet"});
}

TEST_F(Trace, AnEndlessOneHasToFitItsBuffers) {
  const std::string device = "port[0].device=net_pcap0,rx_pcap=TRACE,infinite_rx=1";
  const std::string trace = pcap_header() + pcap_record(2'049);
  EXPECT_EQ(said(trace, {device}),
            Texts{"error: trace 'TRACE' has a packet of 2049 bytes, and an endless trace's have to "
                  "fit one buffer of 2048"});
  EXPECT_EQ(said(trace, {device, "port[0].mbuf_data_bytes=2049"}), Texts{});
  EXPECT_EQ(said(trace, {"port[0].device=net_pcap0,rx_pcap=TRACE"}), Texts{});
  std::string many = pcap_header();
  for (int i = 0; i < 256; ++i) many += pcap_record(60);
  EXPECT_EQ(said(many, {device, "port[0].pool_mbufs=256"}),
            Texts{"error: an endless trace's packets are all kept in buffers: it has 256, "
                  "port.pool_mbufs is 256"});
  EXPECT_EQ(said(many, {device, "port[0].pool_mbufs=257"}), Texts{});
}

TEST_F(Trace, WhatCannotBeRestampedIsSaidBeforehand) {
  const Texts texts = said(
      pcap_header() + pcap_record(60),
      {"port[0].device=\"net_pcap0,rx_pcap=TRACE,infinite_rx=1\"", "port[0].restamp=sessions"});
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(texts[0].substr(0, 42), "error: trace 'TRACE' cannot be restamped: ") << texts[0];
}

}  // namespace
}  // namespace esc::config
