// SPDX-License-Identifier: BSD-3-Clause
#include "topology/pci_device.hpp"

#include "support/tree.hpp"

namespace esc::topology {
namespace {

using namespace std::string_literals;

constexpr const char* kDevice = "sys/bus/pci/devices/0000:01:00.0/";

class PciDevice : public testing::Test {
 protected:
  PciDevice() { tree_.write(kDevice + "class"s, "0x020000\n"); }

  [[nodiscard]] std::string problem() const {
    const auto found = pci_problem(tree_.sys_root(), "0000:01:00.0");
    return found ? found->what + "; " + found->fix : "none";
  }
  void bind(const std::string& driver) const {
    std::filesystem::remove(tree_.path() / kDevice / "driver");
    tree_.link(kDevice + "driver"s, "../../drivers/" + driver);
  }

  test::Tree tree_;
};

TEST_F(PciDevice, HasADriverThatLetsDpdkIn) {
  for (const char* driver : {"mlx4_core", "mlx5_core", "igb_uio", "uio_pci_generic"}) {
    bind(driver);
    EXPECT_EQ(problem(), "none") << driver;
  }
}

TEST_F(PciDevice, OfAnotherClassIsRefusedWhateverDrivesIt) {
  bind("vfio-pci");
  tree_.write(kDevice + "class"s, "0x010802\n");
  EXPECT_EQ(problem(),
            "PCI device 0000:01:00.0 is not a network device; dpdk-devbind.py --status-dev net "
            "lists them");
}

TEST_F(PciDevice, NamesOfTheTreeAreShownHarmless) {
  bind("e1000\x1b[2J\n");
  EXPECT_EQ(problem(),
            "PCI device 0000:01:00.0 is bound to kernel driver 'e1000?[2J?'; deploy/bind-port "
            "0000:01:00.0");
}

TEST_F(PciDevice, UnderVfioNeedsItsGroup) {
  bind("vfio-pci");
  tree_.link(kDevice + "iommu_group"s, "../../kernel/iommu_groups/17");
  tree_.link("dev/vfio/17", "17");  // a loop: not even root can open it
  EXPECT_EQ(problem(),
            "cannot open /dev/vfio/17: Too many levels of symbolic links; bind the device again: "
            "deploy/unbind-port 0000:01:00.0, deploy/bind-port 0000:01:00.0");
  std::filesystem::remove(tree_.path() / "dev/vfio/17");
  tree_.write("dev/vfio/17", "");
  EXPECT_EQ(problem(), "none");
  std::filesystem::rename(tree_.path() / "dev/vfio/17", tree_.path() / "dev/vfio/noiommu-17");
  EXPECT_EQ(problem(), "none");
}

TEST_F(PciDevice, InterfaceOfAVirtioCardIsSeen) {
  bind("virtio-pci");
  tree_.write(kDevice + "virtio3/net/eth0/flags"s, "0x1002\n");
  EXPECT_EQ(problem(),
            "PCI device 0000:01:00.0 is bound to kernel driver 'virtio-pci'; deploy/bind-port "
            "0000:01:00.0");
  tree_.write(kDevice + "virtio3/net/eth0/flags"s, "0x1003\n");
  EXPECT_EQ(problem(),
            "PCI device 0000:01:00.0 carries the kernel interface 'eth0', which is up; if nothing "
            "needs it: deploy/bind-port 0000:01:00.0");
}

}  // namespace
}  // namespace esc::topology
