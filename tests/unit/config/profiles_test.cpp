// SPDX-License-Identifier: BSD-3-Clause
// escd decides `lossless` as the profiles in drivers-cfg/ say.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <variant>

#include "config/config.hpp"
#include "config/device.hpp"

namespace esc::config {
namespace {

TEST(Profiles, LosslessAutoIsWhatTheProfileSays) {
  const char* const root = std::getenv("ESC_SOURCE_ROOT");
  ASSERT_NE(root, nullptr);
  int drivers = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(root) / "drivers-cfg")) {
    if (entry.path().extension() != ".toml") continue;
    const toml::table profile = toml::parse_file(entry.path().string());
    const bool expected = profile["lossless_when_not_polled"].value<bool>().value();
    const toml::array& names = *profile["driver"].as_array();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string driver = *names.get(i)->value<std::string>();
      PortConfig port;
      // A name that is not one of a virtual device belongs to a PCI driver.
      auto parsed = parse_device(driver + "0");
      if (std::holds_alternative<Device>(parsed)) {
        port.device = std::get<Device>(parsed);
      } else {
        port.device.kind = DeviceKind::kPci;
      }
      EXPECT_EQ(port.lossless(), expected) << driver << " in " << entry.path();
      ++drivers;
    }
  }
  EXPECT_GE(drivers, 13);
}

}  // namespace
}  // namespace esc::config
