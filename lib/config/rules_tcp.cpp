// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: [[tcp]].
#include <string>
#include <utility>
#include <vector>

#include "config/loading.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"
#include "wire/endpoint.hpp"

namespace esc::config {

void load_tcp(const Loading& in, const SectionSpec& spec) {
  std::vector<std::pair<wire::Endpoint, std::string>> seen;  // with the place
  for (const Section& section : in.reader.sections(spec)) {
    TcpConfig tcp;
    in.reader.read_rows(section, &tcp);
    const std::string where = in.reader.where(section, "listen");
    const auto endpoint = wire::Endpoint::from(tcp.listen);
    if (in.reader.sound("listen") && !endpoint) {
      in.reader.problem(where, "'listen' is " + in_quotes(tcp.listen) + ", no address with a port",
                        "write it as 127.0.0.1:9100, 0.0.0.0:9100 or [::]:9100");
    } else if (endpoint) {
      for (const auto& [other, place] : seen) {
        if (other != *endpoint) continue;
        in.reader.problem(where, in_quotes(tcp.listen) + " stands already at " + place,
                          "remove one");
      }
      seen.emplace_back(*endpoint, where);
    }
    in.config.tcp.push_back(std::move(tcp));
  }
  if (in.config.ports.empty() && in.config.tcp.empty()) {
    in.reader.problem(in.config.file, "there is no [[port]] and no [[tcp]]",
                      "add a [[port]] with a device and its udp_ports, or a [[tcp]] with an "
                      "address to listen on");
  }
}

}  // namespace esc::config
