// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/net_address.hpp"

#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/errno_text.hpp"
#include "esc-replay/error.hpp"
#include "wire/host_port.hpp"

namespace esc::replay {

NetAddress resolve(const std::string& option, const std::string& text, int socket_type) {
  const auto target = wire::split_host_port(text);
  if (!target) throw usage_error(option + " '" + text + "': " + std::string(wire::kHostPortFix));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = socket_type;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(target->host.c_str(), target->port.c_str(), &hints, &found);
      error != 0) {
    throw Error(option + " '" + text + "': cannot resolve '" + target->host +
                "': " + gai_strerror(error) + "; check the name, or give an address");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  NetAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.bytes = found->ai_addrlen;
  address.family = found->ai_family;
  address.text = text;
  return address;
}

Socket::Socket(int family, int type) : fd_(socket(family, type | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw Error("cannot open a socket: " + errno_text(errno));
}

Socket::~Socket() {
  close(fd_);
}

}  // namespace esc::replay
