// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/driver.hpp"

#include <rte_build_config.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

namespace esc::dpdk {

using namespace std::string_view_literals;
using topology::Problem;

std::optional<Problem> driver_problem(const std::string& driver) {
  // Drivers whose library has another name.
  static constexpr std::array kLibraries = {std::pair{"net_bonding"sv, "net_bond"sv},
                                            std::pair{"net_tun"sv, "net_tap"sv},
                                            std::pair{"net_virtio_user"sv, "net_virtio"sv}};
  const std::filesystem::path directory = RTE_EAL_PMD_PATH;
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) return std::nullopt;
  // "net_" and its old spelling "eth_" name the same drivers.
  std::string library =
      driver.starts_with("eth_") ? "net_" + driver.substr(4) : std::string(driver);
  for (const auto& [name, of] : kLibraries) {
    if (library == name) library = of;
  }
  const std::string beginning = "librte_" + library + ".so";
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename().native().starts_with(beginning)) return std::nullopt;
  }
  if (error) return std::nullopt;
  return Problem{"", "DPDK has no driver " + driver + " here",
                 "check the driver's name; those that there are lie in " + directory.string()};
}

}  // namespace esc::dpdk
