#include "esc-replay/net_address.hpp"

#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "esc-replay/error.hpp"

namespace esc::replay {

NetAddress resolve(const std::string& option, const std::string& text, int socket_type) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool number = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos &&
                      std::stoul(port) >= 1 && std::stoul(port) <= 65535;
  if (host.empty() || !number || (!bracketed && host.find(':') != std::string::npos)) {
    throw usage_error(option + " '" + text +
                      "': expected HOST:PORT, an IPv6 address in brackets: [::1]:9001");
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = socket_type;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    throw Error(option + " '" + text + "': cannot resolve '" + host + "': " + gai_strerror(error) +
                "; check the name, or give an address");
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
  if (fd_ < 0) throw Error("cannot open a socket: " + std::generic_category().message(errno));
}

Socket::~Socket() {
  close(fd_);
}

}  // namespace esc::replay
