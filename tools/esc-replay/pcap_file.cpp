// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/pcap_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/errno_text.hpp"
#include "base/units.hpp"
#include "esc-replay/error.hpp"
#include "files/regular_file.hpp"

namespace esc::replay {
namespace {

constexpr int kSnapBytes = 262144;
constexpr mode_t kFileMode = 0666;

// The message without the path, which our own message begins with.
std::string reason(const files::FileError& error, const std::string& path) {
  const std::string_view what = error.what();
  return std::string(what.substr(what.starts_with(path) ? path.size() + 2 : 0));
}

File open_trace(const std::string& path) {
  try {
    const FileDescriptor opened = files::open_to_read(path);
    File file(::fdopen(::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0), "rb"));
    if (file) return file;
  } catch (const files::FileError& error) {
    throw Error("cannot read the trace '" + path + "': " + reason(error, path) + "; " +
                error.fix());
  }
  throw Error("cannot read the trace '" + path + "': " + errno_text(errno));
}

}  // namespace

PcapWriter::PcapWriter(std::string path, bool nanoseconds) try
    : path_(std::move(path)),
      nanoseconds_(nanoseconds),
      place_(path_, files::Links::kFollow),
      file_(place_, kFileMode) {
  handle_.reset(pcap_open_dead_with_tstamp_precision(
      DLT_EN10MB, kSnapBytes,
      nanoseconds ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO));
  if (!handle_) throw Error("out of memory for the trace '" + path_ + "'");
  // A copy of the descriptor, since closing the FILE closes it.
  std::FILE* const file = ::fdopen(::fcntl(file_.fd(), F_DUPFD_CLOEXEC, 0), "wb");
  if (file == nullptr) fail();
  dump_.reset(pcap_dump_fopen(handle_.get(), file));
  if (!dump_) {
    std::fclose(file);
    throw Error("cannot write the trace '" + path_ + "': " + pcap_geterr(handle_.get()));
  }
} catch (const files::FileError& error) {
  throw Error("cannot write the trace: " + std::string(error.what()) + "; " + error.fix());
}

void PcapWriter::write(std::uint64_t time_ns, std::span<const std::uint8_t> packet) {
  pcap_pkthdr header{};
  header.ts.tv_sec = static_cast<time_t>(time_ns / kNsPerSecond);
  // libpcap keeps nanoseconds in the field called usec when the file does.
  header.ts.tv_usec = static_cast<suseconds_t>(time_ns % kNsPerSecond / (nanoseconds_ ? 1 : 1000));
  header.caplen = header.len = static_cast<bpf_u_int32>(packet.size());
  pcap_dump(reinterpret_cast<u_char*>(dump_.get()), &header, packet.data());
  if (std::ferror(pcap_dump_file(dump_.get())) != 0) fail();
}

void PcapWriter::finish() {
  if (pcap_dump_flush(dump_.get()) != 0 || std::ferror(pcap_dump_file(dump_.get())) != 0) fail();
  try {
    file_.commit();
  } catch (const files::FileError& error) {
    throw Error("cannot write the trace: " + std::string(error.what()) + "; " + error.fix());
  }
}

void PcapWriter::fail() const {
  throw Error("cannot write the trace '" + path_ + "': " + errno_text(errno) +
              "; check the directory, its permissions and the free space");
}

PcapContent read_pcap(const std::string& path) {
  // Opened here, so that the message for a missing file is the system's.
  File file = open_trace(path);
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* const opened = pcap_fopen_offline(file.get(), error);
  if (opened == nullptr) {
    throw Error("'" + path + "' is not a capture that can be read: " + error +
                "; expected pcap, as 'esc-replay build' or tcpdump write it");
  }
  static_cast<void>(file.release());  // pcap_close closes it
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(opened, &pcap_close);
  if (const int link = pcap_datalink(opened); link != DLT_EN10MB) {
    const char* const link_name = pcap_datalink_val_to_name(link);
    throw Error("'" + path + "' holds " +
                (link_name == nullptr ? "link type " + std::to_string(link) : link_name) +
                " packets; only Ethernet (EN10MB) can be sent");
  }
  PcapContent content;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int outcome = 0;
  while ((outcome = pcap_next_ex(opened, &header, &data)) == 1) {
    content.packets.push_back({content.bytes.size(), header->caplen});
    content.bytes.insert(content.bytes.end(), data, data + header->caplen);
    if (header->caplen < header->len) ++content.cut_short;
  }
  if (outcome == PCAP_ERROR) {
    throw Error("'" + path + "' is damaged after packet " + std::to_string(content.packets.size()) +
                ": " + pcap_geterr(opened));
  }
  if (content.packets.empty()) throw Error("'" + path + "' holds no packet");
  return content;
}

}  // namespace esc::replay
