// SPDX-License-Identifier: BSD-3-Clause
// The frame parser and the packet classifier, beside a plain reader that goes byte by byte.
//
// One iteration is one pass over a batch of packets that stays in the cache; the counters
// time/frame and time/packet are the figures. Topics of 12 to 31 bytes over 64 names, payloads of
// 64 or 512 bytes, one frame a datagram, as in the bench trace.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "wire/encoder.hpp"
#include "wire/packet.hpp"
#include "wire/packet_encoder.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace {

using namespace esc::wire;
using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t kBatch = 256;

std::vector<std::string> make_topics() {
  std::mt19937_64 random(1);
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < 64; ++i) {
    std::string topic = "plant/" + std::to_string(10 + i) + "/unit";
    while (topic.size() < 12 + i % 20) topic += static_cast<char>('a' + random() % 26);
    topics.push_back(topic);
  }
  return topics;
}

/// Whole packets in one block, as a port's mbufs would hold them, and where each begins.
struct Batch {
  explicit Batch(std::size_t payload_bytes, bool ipv6 = false) {
    std::mt19937_64 random(2);
    const std::vector<std::string> topics = make_topics();
    const UdpPath path{.ipv6 = ipv6, .src_port = 40000, .dst_port = 9001};
    Bytes payload(payload_bytes);
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < kBatch; ++i) {
      Bytes frame(1024);
      frame.resize(encode_frame(frame, static_cast<std::uint8_t>(random()),
                                topics[random() % topics.size()], payload));
      Bytes packet(frame.size() + udp_overhead_bytes(path));
      packet.resize(encode_udp_packet(packet, path, frame));
      packets.push_back(packet);
      frames.push_back(View(packets.back()).last(frame.size()));
    }
  }
  std::vector<Bytes> packets;
  std::vector<View> frames;
};

// ---- the baselines

std::uint64_t read_number(View bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

bool naive_topic(View topic) {
  for (std::size_t i = 0; i < topic.size();) {
    const std::uint8_t byte = topic[i];
    std::size_t more = 0;
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte >= 0xf0) {
      more = 3;
    } else if (byte >= 0xe0) {
      more = 2;
    } else if (byte >= 0x80) {
      more = 1;
    }
    for (; more > 0; --more) {
      if (++i >= topic.size() || topic[i] >> 6 != 2) return false;
    }
    ++i;
  }
  constexpr std::string_view kReserved = "$esc/";
  for (std::size_t i = 0; i < kReserved.size(); ++i) {
    if (i >= topic.size() || topic[i] != static_cast<std::uint8_t>(kReserved[i])) return true;
  }
  return false;
}

FrameView naive_frame(View rest) {
  FrameView view{};
  view.kind = FrameKind::kRefused;
  if (rest.size() < 4) return view;
  const std::uint64_t length = read_number(rest, 0, 4);
  if (length < 4 || length > kMaxFrameBytes || length + 4 > rest.size()) return view;
  const std::uint64_t topic_len = read_number(rest, 5, 2);
  if (topic_len < 1 || topic_len > kMaxTopicBytes || topic_len > length - 3) return view;
  if (!naive_topic(rest.subspan(7, topic_len))) return view;
  view.kind = FrameKind::kEvent;
  view.priority = rest[4];
  view.topic_len = static_cast<std::uint8_t>(topic_len);
  view.frame_bytes = static_cast<std::uint32_t>(length + 4);
  view.payload_bytes = static_cast<std::uint32_t>(length - 3 - topic_len);
  view.topic = rest.data() + 7;
  view.payload = view.topic + topic_len;
  return view;
}

std::uint32_t naive_packet(View packet, std::span<const std::uint16_t> ports) {
  if (packet.size() < 14 || read_number(packet, 12, 2) != 0x0800) return 0;
  const View ip = packet.subspan(14);
  if (ip.size() < 20 || ip[0] >> 4 != 4) return 0;
  const std::size_t header_bytes = (ip[0] & 15u) * 4;
  const std::uint64_t total = read_number(ip, 2, 2);
  if (header_bytes < 20 || total < header_bytes || total > ip.size()) return 0;
  if (ip[9] != 17 || (read_number(ip, 6, 2) & 0x3fff) != 0) return 0;
  const View udp = ip.subspan(header_bytes, total - header_bytes);
  if (udp.size() < 8) return 0;
  bool ours = false;
  for (const std::uint16_t port : ports) ours |= port == read_number(udp, 2, 2);
  const std::uint64_t length = read_number(udp, 4, 2);
  if (!ours || length < 8 || length > udp.size()) return 0;
  return static_cast<std::uint32_t>(length - 8);
}

// ---- the benches

void per_item(benchmark::State& state, const char* label) {
  state.counters[label] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kBatch,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

/// What a stage takes from each frame; keeps the compiler from dropping half of the work.
std::uint64_t use(const FrameView& view) {
  return view.payload_bytes + view.topic_len + view.priority + view.frame_bytes +
         static_cast<std::uint64_t>(view.kind);
}

void BM_ParseFrame(benchmark::State& state) {
  const Batch batch(static_cast<std::size_t>(state.range(0)));
  const FrameLimits limits;
  benchmark::DoNotOptimize(&limits);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const View frame : batch.frames) sum += use(parse_frame(frame, limits));
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/frame");
}
BENCHMARK(BM_ParseFrame)->Arg(64)->Arg(512);

void BM_ParseFrameAndNumberIt(benchmark::State& state) {
  const Batch batch(static_cast<std::size_t>(state.range(0)));
  const FrameLimits limits;
  benchmark::DoNotOptimize(&limits);
  for (auto _ : state) {
    SessionCursor cursor;
    cursor.begin({.producer = 1, .first_sequence = 1});
    std::uint64_t sum = 0;
    for (const View frame : batch.frames) {
      const FrameView view = parse_frame(frame, limits);
      sum += use(view) + cursor.observe(view)->sequence;
    }
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/frame");
}
BENCHMARK(BM_ParseFrameAndNumberIt)->Arg(64)->Arg(512);

void BM_ParseFrameNaive(benchmark::State& state) {
  const Batch batch(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const View frame : batch.frames) sum += use(naive_frame(frame));
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/frame");
}
BENCHMARK(BM_ParseFrameNaive)->Arg(64)->Arg(512);

void BM_ClassifyPacket(benchmark::State& state) {
  const Batch batch(64, state.range(0) == 6);
  PortSet ports;
  ports.insert(9001);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Bytes& packet : batch.packets) {
      const auto verdict =
          classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
      sum +=
          verdict.payload_bytes + verdict.payload_offset + static_cast<std::uint64_t>(verdict.kind);
    }
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/packet");
}
BENCHMARK(BM_ClassifyPacket)->ArgName("ipv")->Arg(4)->Arg(6);

void BM_ClassifyPacketNaive(benchmark::State& state) {
  const Batch batch(64);
  const std::array<std::uint16_t, 1> ports = {9001};
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Bytes& packet : batch.packets) sum += naive_packet(packet, ports);
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/packet");
}
BENCHMARK(BM_ClassifyPacketNaive);

void BM_ClassifyAndParse(benchmark::State& state) {
  const Batch batch(static_cast<std::size_t>(state.range(0)));
  const FrameLimits limits;
  benchmark::DoNotOptimize(&limits);
  PortSet ports;
  ports.insert(9001);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Bytes& packet : batch.packets) {
      const auto verdict =
          classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
      sum += use(
          parse_frame(View(packet).subspan(verdict.payload_offset, verdict.payload_bytes), limits));
    }
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "time/packet");
}
BENCHMARK(BM_ClassifyAndParse)->Arg(64)->Arg(512);

}  // namespace

BENCHMARK_MAIN();
