# SPDX-License-Identifier: BSD-3-Clause
# Shell functions shared by the programs in deploy/. Sourced, never run.
# shellcheck shell=bash
# ESC_ROOT is put before /sys, /proc, /etc and /var: the tests set it to the folder of a made-up
# machine.

root=${ESC_ROOT:-}
dry_run=no

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# run COMMAND...: runs the command, or with --dry-run prints it.
run() {
  if [ "$dry_run" = yes ]; then
    printf 'would run: %s\n' "$*"
  else
    "$@"
  fi
}

# write_file FILE: replaces the file's contents by standard input, or with --dry-run says so.
write_file() {
  local text
  text=$(cat)
  if [ "$dry_run" = yes ]; then
    printf 'would write %s:\n' "$1"
    printf '%s\n' "$text" | sed 's/^/  | /'
  else
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$text" >"$1.new"
    mv "$1.new" "$1"
  fi
}

need_root() {
  [ "$dry_run" = yes ] || [ "$(id -u)" -eq 0 ] ||
    die "this changes the machine: run it as root (or with --dry-run)"
}

# pci_of NAME: prints the full PCI address. NAME is a PCI address, short or full, or the name of an
# interface.
pci_of() {
  local name=$1 link
  if [[ "$name" =~ ^[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$ ]]; then
    name="0000:$name"
  fi
  if [[ "$name" =~ ^[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$ ]]; then
    name=${name,,}
    [ -d "$root/sys/bus/pci/devices/$name" ] ||
      die "there is no PCI device $name (lspci -D lists them)"
    printf '%s' "$name"
    return 0
  fi
  [ -d "$root/sys/class/net/$name" ] ||
    die "$name is neither a PCI address nor a network interface"
  link=$(readlink "$root/sys/class/net/$name/device") || die "interface $name is not a PCI device's"
  if [[ "${link##*/}" == virtio* ]]; then # whose own device is the PCI device's child
    link=$(readlink -f "$root/sys/class/net/$name/device")
    link=${link%/*}
  fi
  link=${link##*/}
  [ -d "$root/sys/bus/pci/devices/$link" ] || die "interface $name is not a PCI device's"
  printf '%s' "$link"
}

# driver_of PCI: prints the driver that the device is bound to, or "none".
driver_of() {
  local link
  if link=$(readlink "$root/sys/bus/pci/devices/$1/driver"); then
    printf '%s' "${link##*/}"
  else
    printf 'none'
  fi
}

record_of() { printf '%s' "$root/var/lib/escd/bound-ports/$1"; }
