// SPDX-License-Identifier: BSD-3-Clause
// What the kernel says of interfaces; lo is everywhere, up or down.
#include "topology/interface.hpp"

#include <gtest/gtest.h>

#include "support/tree.hpp"

namespace esc::topology {
namespace {

TEST(Interface, IsFoundByItsName) {
  const auto lo = Interface::find("lo");
  ASSERT_TRUE(lo.has_value());
  EXPECT_NE(lo->index(), 0U);
  EXPECT_NE(lo->state(), InterfaceState::kGone);
  EXPECT_EQ(Interface::find("esc-none"), std::nullopt);
  EXPECT_EQ(Interface::find(""), std::nullopt);
}

TEST(Interface, OneWithoutItsNumberIsGone) {
  const auto gone = Interface::of(0x7fffffff);
  ASSERT_TRUE(gone.has_value());
  EXPECT_EQ(gone->state(), InterfaceState::kGone);
}

TEST(Interface, StateAsSysfsHasIt) {
  const esc::test::Tree tree;
  const auto root = tree.sys_root();
  tree.write("sys/class/net/up0/flags", "0x1003\n");
  tree.write("sys/class/net/down0/flags", "0x1002\n");
  tree.write("sys/class/net/cut0/flags", "0x1003\n");
  tree.write("sys/class/net/cut0/carrier", "0\n");
  EXPECT_EQ(interface_state(root, "up0"), InterfaceState::kUp);
  EXPECT_EQ(interface_state(root, "down0"), InterfaceState::kDown);
  EXPECT_EQ(interface_state(root, "cut0"), InterfaceState::kDown);
  for (const char* none : {"none0", "", ".", "..", "../net", "up0/", "a-name-too-long0"}) {
    EXPECT_EQ(interface_state(root, none), std::nullopt) << none;
  }
}

TEST(Interface, ReceiveQueuesAreThoseOfSysfs) {
  const esc::test::Tree tree;
  for (const char* queue : {"rx-0", "rx-1", "tx-0"}) {
    tree.write("sys/class/net/eth0/queues/" + std::string(queue) + "/x", "");
  }
  EXPECT_EQ(receive_queues(tree.sys_root(), "eth0"), 2U);
  EXPECT_EQ(receive_queues(tree.sys_root(), "eth1"), 0U);
}

TEST(Interface, TheMachinesOwnAreLookedUpInItsSysfs) {
  // Both by the kernel and by sysfs, which may be of another network namespace: then by neither.
  const auto folder = interface_folder({}, "lo");
  EXPECT_EQ(receive_queues({}, "lo"), folder ? 1U : 0U);
}

}  // namespace
}  // namespace esc::topology
