// Is a file a trace that the pcap driver can play? Both formats that libpcap reads, by their first
// bytes.
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/checks.hpp"

namespace esc::config {
namespace {

constexpr std::uint32_t kPcapMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kPcapNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kPcapngSection = 0x0a0d0d0a;
constexpr std::uint32_t kPcapngByteOrder = 0x1a2b3c4d;
constexpr std::uint32_t kPcapngInterface = 1;
constexpr std::uint32_t kEthernet = 1;
constexpr std::size_t kPcapHeaderBytes = 24;
constexpr std::size_t kMostHeadBytes = 64 * 1024;

class Head {
 public:
  explicit Head(std::ifstream& file) : bytes_(kMostHeadBytes) {
    file.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    bytes_.resize(static_cast<std::size_t>(file.gcount()));
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  void swap_bytes() { swap_ = true; }

  /// In the byte order of this machine, or the other one; 0 past the end.
  [[nodiscard]] std::uint32_t word(std::size_t at) const {
    std::uint32_t value = 0;
    if (bytes_.size() < sizeof value || at > bytes_.size() - sizeof value) return 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return swap_ ? __builtin_bswap32(value) : value;
  }
  [[nodiscard]] std::uint32_t half(std::size_t at) const {
    std::uint16_t value = 0;
    if (bytes_.size() < sizeof value || at > bytes_.size() - sizeof value) return 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return swap_ ? __builtin_bswap16(value) : value;
  }

 private:
  std::vector<char> bytes_;
  bool swap_ = false;
};

std::optional<std::string> judge_link_type(std::uint32_t type) {
  if (type == kEthernet) return std::nullopt;
  return "its link type is " + std::to_string(type) + ", not Ethernet (1)";
}

bool is_pcap_magic(std::uint32_t magic) {
  return magic == kPcapMicroseconds || magic == kPcapNanoseconds;
}

std::optional<std::string> judge_pcap(const Head& head) {
  if (head.size() < kPcapHeaderBytes) return "it ends inside its header";
  // The upper bits say whether frames carry their check sequence.
  if (auto bad = judge_link_type(head.word(20) & 0xffffU)) return bad;
  if (head.size() == kPcapHeaderBytes) return "it holds no packet";
  return std::nullopt;
}

// pcapng: a section header block, then blocks, of which the first interface description says the
// link type.
std::optional<std::string> judge_pcapng(Head head) {
  if (head.word(8) != kPcapngByteOrder) head.swap_bytes();
  if (head.word(8) != kPcapngByteOrder) return "it is not a capture file";
  for (std::size_t at = head.word(4); at + 12 <= head.size();) {
    if (head.word(at) == kPcapngInterface) return judge_link_type(head.half(at + 8));
    const std::size_t length = head.word(at + 4);
    if (length < 12) break;
    at += length;
  }
  return "it describes no interface";
}

}  // namespace

std::optional<std::string> trace_problem(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return "it is a directory";
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::string(errno == 0 ? "cannot be opened" : std::strerror(errno));
  Head head(file);
  if (head.size() == 0) return "it is empty";
  if (head.word(0) == kPcapngSection) return judge_pcapng(head);
  if (!is_pcap_magic(head.word(0))) head.swap_bytes();
  if (!is_pcap_magic(head.word(0))) return "it is not a capture file";
  return judge_pcap(head);
}

}  // namespace esc::config
