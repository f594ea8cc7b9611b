// From text to Config: each section in turn, by the key table and by the rules that reach beyond
// one key.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <unordered_map>

#include "config/config.hpp"
#include "config/device.hpp"
#include "config/document.hpp"
#include "config/eal_args.hpp"
#include "config/load_pressure.hpp"
#include "config/reader.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

// escd's ledger lists its jumbo pool among the ports' pools.
constexpr std::string_view kReservedPortName = "jumbo";

constexpr std::string_view kReservedTopics = "$esc/";

bool is_label(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

/// One load. Sections are read in the order of the file's reference; later ones may look at earlier
/// ones.
class Loader {
 public:
  Loader(const Document& document, const Overrides& overrides,
         std::span<const std::string_view> known_handlers)
      : reader_(document, config_, problems_),
        overrides_(overrides),
        known_handlers_(known_handlers) {
    config_.file = document.file();
  }

  LoadResult run() {
    reader_.report_unknown_keys();
    read_top();
    read_eal();
    read_memory();
    read_ports();
    read_lcores();
    read_rings();
    read_pressure(reader_, config_.pressure);
    read_rest();
    read_routes();
    if (!problems_.empty()) return std::move(problems_);
    return std::move(config_);
  }

 private:
  void warning(std::string where, std::string what, std::string fix) {
    config_.warnings.push_back({std::move(where), std::move(what), std::move(fix)});
  }

  void read_top() {
    const Section top = reader_.section("");
    reader_.read(top, "instance", config_.instance);
    if (!is_label(config_.instance, "_-")) {
      reader_.problem(reader_.where(top, "instance"),
                      "'instance' is " + in_quotes(config_.instance),
                      "use letters, digits, '_' and '-' only: it names files and a socket");
    }
  }

  void read_eal() {
    const Section eal = reader_.section("eal");
    config_.eal.args = reader_.strings(eal, "args");
    const std::size_t in_file = config_.eal.args.size();
    for (const std::string& arg : overrides_.eal_args) config_.eal.args.push_back(arg);
    for (const EalArgProblem& bad : check_eal_args(config_.eal.args)) {
      reader_.problem(bad.index < in_file
                          ? reader_.where(eal, "args", bad.index)
                          : "argument " + std::to_string(bad.index - in_file + 1) + " after --",
                      bad.what, bad.fix);
    }
  }

  void read_memory() {
    const Section memory = reader_.section("memory");
    reader_.read(memory, "hugepages", config_.memory.hugepages);
    reader_.read(memory, "limit_mib", config_.memory.limit_mib);
  }

  void read_ports() {
    const std::vector<Section> sections = reader_.sections("port");
    if (sections.empty()) {
      reader_.problem(config_.file, "there is no [[port]]",
                      "add one with a device and its udp_ports");
    }
    std::unordered_map<std::string, std::string> devices;  // name -> where
    std::unordered_map<std::string, std::string> names;
    for (const Section& section : sections) {
      PortConfig port = read_port(section);
      if (!port.device.name.empty()) {
        refuse_second(devices, port.device.name, reader_.where(section, "device"),
                      "device " + in_quotes(port.device.name), "give each [[port]] its own device");
      }
      if (!port.name.empty()) {
        if (port.name == kReservedPortName) {
          reader_.problem(reader_.where(section, "name"),
                          "the name 'jumbo' is taken: the ledger calls its own pool so",
                          "give the port another name");
        }
        refuse_second(names, port.name, reader_.where(section, "name"),
                      "port name " + in_quotes(port.name), "give each [[port]] its own name");
      }
      config_.ports.push_back(std::move(port));
    }
  }

  void refuse_second(std::unordered_map<std::string, std::string>& seen, const std::string& name,
                     const std::string& where, const std::string& what, const std::string& fix) {
    const auto [first, is_new] = seen.emplace(name, where);
    if (!is_new) reader_.problem(where, what + " stands already at " + first->second, fix);
  }

  PortConfig read_port(const Section& section) {
    PortConfig port;
    read_device(section, port);
    reader_.read(section, "name", port.name);
    if (!is_label(port.name, "_-.:")) {
      reader_.problem(reader_.where(section, "name"), "'name' is " + in_quotes(port.name),
                      "use letters, digits, '_', '-', '.' and ':' only");
    }
    if (port.name.empty()) port.name = port.device.name;
    read_udp_ports(section, port);
    reader_.read(section, "checksum", port.checksum);
    reader_.read(section, "rx_queues", port.rx_queues);
    reader_.read(section, "rx_descriptors", port.rx_descriptors);
    reader_.read(section, "pool_mbufs", port.pool_mbufs);
    reader_.read(section, "mbuf_data_bytes", port.mbuf_data_bytes);
    reader_.read(section, "mtu", port.mtu);
    reader_.read(section, "promiscuous", port.promiscuous);
    reader_.read(section, "lossless", port.lossless_setting);
    return port;
  }

  void read_device(const Section& section, PortConfig& port) {
    const std::optional<std::string> text = reader_.string(section, "device");
    if (!text) return;
    const std::string place = reader_.where(section, "device");
    auto parsed = parse_device(*text);
    if (const auto* bad = std::get_if<Problem>(&parsed)) {
      reader_.problem(place, bad->what, bad->fix);
      return;
    }
    port.device = std::move(std::get<Device>(parsed));
    if (port.device.kind == DeviceKind::kPci) {
      if (disables_pci(config_.eal.args)) {
        reader_.problem(place,
                        "device " + in_quotes(port.device.name) +
                            " is on the PCI bus, which eal.args switches off with --no-pci",
                        "remove --no-pci");
      }
    } else if (const auto meant = likely_driver(port.device.driver)) {
      warning(place, "the driver " + in_quotes(port.device.driver) + " is not known",
              "did you mean '" + std::string(*meant) + "'?");
    }
  }

  void read_udp_ports(const Section& section, PortConfig& port) {
    std::set<std::int64_t> seen;
    for (const std::int64_t number : reader_.integers(section, "udp_ports")) {
      if (!seen.insert(number).second) {
        reader_.problem(reader_.where(section, "udp_ports", port.udp_ports.size()),
                        "'udp_ports' lists " + std::to_string(number) + " twice", "remove one");
      }
      port.udp_ports.push_back(static_cast<std::uint16_t>(number));
    }
  }

  void read_lcores() {
    const Section lcores = reader_.section("lcores");
    std::set<unsigned> seen;
    for (const std::int64_t cpu : reader_.integers(lcores, "rx")) {
      if (!seen.insert(static_cast<unsigned>(cpu)).second) {
        reader_.problem(reader_.where(lcores, "rx", config_.lcores.rx.size()),
                        "'rx' lists CPU " + std::to_string(cpu) + " twice",
                        "remove one: a single RX lcore polls any number of queues");
      }
      config_.lcores.rx.push_back(static_cast<unsigned>(cpu));
    }
    reader_.read(lcores, "dispatch", config_.lcores.dispatch);
    for (const std::int64_t cpu : reader_.integers(lcores, "workers")) {
      config_.lcores.workers.push_back(static_cast<unsigned>(cpu));
    }
    if (const auto cpu = reader_.integer(lcores, "main")) {
      config_.lcores.main = static_cast<unsigned>(*cpu);
    }
    reader_.read(lcores, "idle", config_.lcores.idle);
    reader_.read(lcores, "sleep_max_us", config_.lcores.sleep_max_us);
    reader_.read(lcores, "stall_ms", config_.lcores.stall_ms);
    if (reader_.has(lcores, "sleep_max_us") && config_.lcores.idle == Idle::kBusy) {
      warning(reader_.where(lcores, "sleep_max_us"), "'sleep_max_us' has no effect",
              "it needs idle = \"adaptive\"");
    }
  }

  void read_rings() {
    const Section rings = reader_.section("rings");
    reader_.read(rings, "ingest_cells", config_.rings.ingest_cells);
    reader_.read(rings, "ingest_soft_mark_cells", config_.rings.ingest_soft_mark_cells);
    reader_.read(rings, "worker_cells", config_.rings.worker_cells);
    reader_.read(rings, "burst", config_.rings.burst);
    choose_ring_sizes();
    if (config_.rings.ingest_soft_mark_cells <= config_.rings.ingest_cells) return;
    // A small ring brings the default mark down; a mark that was written is judged.
    if (!reader_.has(rings, "ingest_soft_mark_cells")) {
      config_.rings.ingest_soft_mark_cells = config_.rings.ingest_cells;
      return;
    }
    reader_.problem(reader_.where(rings, "ingest_soft_mark_cells"),
                    "'ingest_soft_mark_cells' is " +
                        std::to_string(config_.rings.ingest_soft_mark_cells) +
                        ", beyond ingest_cells = " + std::to_string(config_.rings.ingest_cells),
                    "give at most ingest_cells");
  }

  /// Deep rings take bursts while another CPU is late. On one CPU no role is late without the
  /// others: a ring never holds more than a burst or two, and a small one stays in the cache.
  void choose_ring_sizes() {
    constexpr std::uint32_t kIngestCells = 65'536;
    constexpr std::uint32_t kWorkerCells = 16'384;
    constexpr std::uint32_t kFoldedCells = 1'024;
    const LcoresConfig& lcores = config_.lcores;
    const auto with_dispatch = [&](unsigned cpu) { return cpu == lcores.dispatch; };
    const bool folded = std::ranges::all_of(lcores.rx, with_dispatch) &&
                        std::ranges::all_of(lcores.workers, with_dispatch);
    RingsConfig& rings = config_.rings;
    if (rings.ingest_cells == 0) rings.ingest_cells = folded ? kFoldedCells : kIngestCells;
    if (rings.worker_cells == 0) rings.worker_cells = folded ? kFoldedCells : kWorkerCells;
  }

  void read_rest() {
    const Section limits = reader_.section("limits");
    reader_.read(limits, "max_frame_bytes", config_.limits.max_frame_bytes);
    reader_.read(limits, "max_topic_bytes", config_.limits.max_topic_bytes);
    reader_.read(limits, "max_routes", config_.limits.max_routes);
    reader_.read(reader_.section("shutdown"), "drain_timeout_ms",
                 config_.shutdown.drain_timeout_ms);
    const Section log = reader_.section("log");
    reader_.read(log, "level", config_.log.level);
    reader_.read(log, "file", config_.log.file);
    reader_.read(reader_.section("control"), "socket", config_.control.socket);
  }

  void read_routes() {
    const std::vector<Section> sections = reader_.sections("route");
    if (sections.empty()) {
      warning(config_.file, "there is no [[route]]: every event will be dropped as unknown_topic",
              "add a [[route]] with a topic and a handler");
    }
    if (sections.size() > config_.limits.max_routes) {
      reader_.problem(reader_.where(sections[config_.limits.max_routes], ""),
                      "there are " + std::to_string(sections.size()) +
                          " [[route]], limits.max_routes is " +
                          std::to_string(config_.limits.max_routes),
                      "raise limits.max_routes or remove some");
    }
    std::unordered_map<std::string, const Section*> topics;
    config_.routes.reserve(sections.size());
    for (const Section& section : sections) {
      RouteConfig route;
      read_topic(section, route);
      if (!route.topic.empty()) {
        const auto [first, is_new] = topics.emplace(route.topic, &section);
        if (!is_new) {
          reader_.problem(reader_.where(section, "topic"),
                          "topic " + in_quotes(route.topic) + " has a route already, at " +
                              reader_.where(*first->second, "topic"),
                          "remove one of the two");
        }
      }
      read_handler(section, route);
      read_spread(section, route);
      config_.routes.push_back(std::move(route));
    }
  }

  void read_topic(const Section& section, RouteConfig& route) {
    reader_.read(section, "topic", route.topic);
    const std::string place = reader_.where(section, "topic");
    if (route.topic.size() > config_.limits.max_topic_bytes) {
      reader_.problem(
          place,
          "topic " + in_quotes(route.topic) + " has " + std::to_string(route.topic.size()) +
              " bytes",
          "limits.max_topic_bytes allows " + std::to_string(config_.limits.max_topic_bytes));
    }
    if (route.topic.starts_with(kReservedTopics)) {
      reader_.problem(place, "topic " + in_quotes(route.topic) + " is reserved",
                      "topics under $esc/ are the protocol's own; choose another");
    }
    if (route.topic.find_first_of("+#") != std::string::npos) {
      reader_.problem(place, "topic " + in_quotes(route.topic) + " holds '+' or '#'",
                      "wildcards are not supported yet; write a route for each topic");
    }
  }

  void read_handler(const Section& section, RouteConfig& route) {
    reader_.read(section, "handler", route.handler);
    if (route.handler.empty() ||
        std::ranges::find(known_handlers_, route.handler) != known_handlers_.end()) {
      return;
    }
    const auto meant = nearest(route.handler, known_handlers_);
    reader_.problem(reader_.where(section, "handler"),
                    "unknown handler " + in_quotes(route.handler),
                    meant ? "did you mean '" + std::string(*meant) + "'?"
                          : "there are: " + joined(known_handlers_));
  }

  void read_spread(const Section& section, RouteConfig& route) {
    reader_.read(section, "spread", route.spread);
    reader_.read(section, "worker", route.worker);
    const bool has_worker = reader_.has(section, "worker");
    if (route.spread == Spread::kWorker && !has_worker) {
      reader_.problem(reader_.where(section, "spread"), "spread = \"worker\" names no worker",
                      "add for example: worker = 0");
    } else if (route.spread != Spread::kWorker && has_worker) {
      reader_.problem(reader_.where(section, "worker"), "'worker' has no effect with this 'spread'",
                      "remove it, or write spread = \"worker\"");
    } else if (has_worker && !config_.lcores.workers.empty() &&
               route.worker >= config_.lcores.workers.size()) {
      reader_.problem(reader_.where(section, "worker"),
                      "there is no worker " + std::to_string(route.worker),
                      "lcores.workers has " + std::to_string(config_.lcores.workers.size()) +
                          ", counted from 0");
    }
  }

  Config config_;
  std::vector<Problem> problems_;
  Reader reader_;
  const Overrides& overrides_;
  std::span<const std::string_view> known_handlers_;
};

}  // namespace

std::string Config::where(std::string_view key) const {
  for (std::string_view at = key; !at.empty(); at = outer(at)) {
    const auto found = sources.find(std::string(at));
    if (found != sources.end()) return found->second;
  }
  return file;
}

LoadResult load_text(std::string_view text, std::string_view name, const Overrides& overrides,
                     std::span<const std::string_view> known_handlers) {
  auto parsed = Document::parse(text, name, overrides.set);
  if (auto* problems = std::get_if<std::vector<Problem>>(&parsed)) return std::move(*problems);
  return Loader(std::get<Document>(parsed), overrides, known_handlers).run();
}

LoadResult load(const std::filesystem::path& file, const Overrides& overrides,
                std::span<const std::string_view> known_handlers) {
  constexpr std::uintmax_t kMaxFileBytes = 256U << 20U;
  const std::string name = printable(file.native());
  const auto unreadable = [&](const std::string& why, const std::string& fix) {
    return std::vector<Problem>{{name, "cannot read the configuration: " + why, fix}};
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return unreadable("it is a directory", "name a file");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const bool denied = errno == EACCES;
    return unreadable(std::strerror(errno), denied ? "check its permissions and your user"
                                                   : "check the path and the working directory");
  }
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > kMaxFileBytes) {
    return unreadable("it has " + std::to_string(bytes) + " bytes", "256 MiB are the bound");
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return load_text(text, file.native(), overrides, known_handlers);
}

}  // namespace esc::config
