// SPDX-License-Identifier: BSD-3-Clause
#include "config/trace.hpp"

#include <fcntl.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/errno_text.hpp"
#include "config/text.hpp"
#include "files/regular_file.hpp"

namespace esc::config {
namespace {

constexpr std::uint32_t kMostPacketBytes = 65'535;
// After how many packets the position in the file is looked at.
constexpr std::uint64_t kPacketsPerLook = 4'096;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
struct CloseCapture {
  void operator()(pcap_t* capture) const noexcept { pcap_close(capture); }
};
using Capture = std::unique_ptr<pcap_t, CloseCapture>;
using Opening = std::variant<Capture, std::string>;

Opening open_trace(const std::string& path) {
  files::Opened opened = files::open_regular_at(AT_FDCWD, path, O_RDONLY, files::Links::kFollow);
  if (opened.error != 0) return errno_text(opened.error);
  if (!opened.fd.valid()) return "it is " + files::kind_of(opened.mode.value_or(0));
  const int fd = fcntl(opened.fd.get(), F_DUPFD_CLOEXEC, 0);
  std::unique_ptr<std::FILE, CloseFile> file(fd < 0 ? nullptr : fdopen(fd, "rb"));
  if (!file) return errno_text(errno);
  if (std::getc(file.get()) == EOF) return "it is empty";
  std::rewind(file.get());
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  Capture capture(pcap_fopen_offline(file.get(), error.data()));
  if (!capture) return "it is not a capture file: " + printable(error.data());
  static_cast<void>(file.release());  // pcap_close closes it
  if (const int type = pcap_datalink(capture.get()); type != DLT_EN10MB) {
    return "its link type is " + std::to_string(type) + ", not Ethernet (1)";
  }
  return capture;
}

std::optional<std::string> add_packet(const pcap_pkthdr& header, TraceContent& content) {
  ++content.packets;
  if (header.caplen > kMostPacketBytes) {
    return "packet " + std::to_string(content.packets) + " has " + std::to_string(header.caplen) +
           " bytes, more than a packet can have (" + std::to_string(kMostPacketBytes) + ")";
  }
  if (header.caplen < header.len) ++content.cut_packets;
  content.longest_bytes = std::max(content.longest_bytes, header.caplen);
  return std::nullopt;
}

bool beyond_bound(pcap_t* capture) {
  std::FILE* const file = pcap_file(capture);
  return file != nullptr && ftello(file) > static_cast<off_t>(kMostTraceBytes);
}

}  // namespace

TraceVerdict judge_trace(const std::string& path,
                         const std::function<void(std::span<const std::uint8_t>)>& each) {
  Opening opening = open_trace(path);
  if (auto* problem = std::get_if<std::string>(&opening)) return std::move(*problem);
  pcap_t* const capture = std::get<Capture>(opening).get();
  TraceContent content;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  int outcome = 0;
  while ((outcome = pcap_next_ex(capture, &header, &bytes)) == 1) {
    if (auto problem = add_packet(*header, content)) return std::move(*problem);
    if (each) each({bytes, header->caplen});
    if (content.packets % kPacketsPerLook == 0 && beyond_bound(capture)) {
      content.whole = false;
      return content;
    }
  }
  if (outcome != PCAP_ERROR_BREAK) {  // PCAP_ERROR_BREAK: the end of the file
    const std::string place = content.packets == 0
                                  ? "at its first packet"
                                  : "after packet " + std::to_string(content.packets);
    return "it is damaged " + place + ": " + printable(pcap_geterr(capture));
  }
  if (content.packets == 0) return "it holds no packet";
  return content;
}

StampsVerdict trace_stamps(const std::string& path, wire::PassStampsBuilder::Settings settings) {
  wire::PassStampsBuilder builder(std::move(settings));
  const TraceVerdict verdict =
      judge_trace(path, [&builder](std::span<const std::uint8_t> packet) { builder.add(packet); });
  if (const auto* problem = std::get_if<std::string>(&verdict)) return *problem;
  return std::move(builder).finish();
}

}  // namespace esc::config
