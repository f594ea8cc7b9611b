# SPDX-License-Identifier: BSD-3-Clause
# Shell functions shared by tools/quickstart, tools/test and tools/tidy. Sourced, never run. Every
# function works under `set -euo pipefail`, needs no terminal and no particular working directory.
# shellcheck shell=bash

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$lib_dir/../.." && pwd)

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# run_logged LOG COMMAND...: runs a noisy command with its output in LOG; on failure shows the log's
# end and says where it is. Standard input is closed, so that nothing can wait for an answer.
run_logged() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    {
      printf -- '--- the last lines of %s\n' "$log"
      tail -n 40 "$log"
      printf -- '--- failed with status %d: %s\n' "$status" "$*"
      printf -- '--- the whole output: %s\n' "$log"
    } >&2
  fi
  return "$status"
}

# as_root COMMAND...: runs it as root, through sudo when that is what it takes. Status 126: no way
# to be root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    return 126
  elif sudo -n true 2>/dev/null; then
    sudo -n "$@"
  elif [ -z "${CI:-}" ] && { : </dev/tty; } 2>/dev/null; then
    sudo "$@" # asks for the password on the terminal, wherever the standard streams go
  else
    return 126
  fi
}

# packages_of GROUP...: the names in packages.txt that belong to these groups.
packages_of() {
  local group
  for group in "$@"; do
    awk -v group="$group" '$1 == group { print $2 }' "$lib_dir/packages.txt"
  done
}

# missing_packages GROUP...: those of them that are not installed.
missing_packages() {
  local wanted installed
  wanted=$(packages_of "$@" | sort -u)
  # The names are words without blanks: splitting them is meant. dpkg-query fails when it does not
  # know one of them.
  # shellcheck disable=SC2016,SC2086
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | sort -u) || true
  comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

system_name() {
  # shellcheck disable=SC1091
  (. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-}") || uname -sr
}

is_debian_12() {
  # shellcheck disable=SC1091
  (. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ])
}

# install_packages LOG GROUP...: installs what is missing, and does nothing at all when nothing is.
install_packages() {
  local log=$1 missing status=0
  shift
  if ! command -v dpkg-query >/dev/null; then
    die "this is $(system_name), which has no Debian packages. The product is built and
  tested on Debian 12 (bookworm) with its packages. Run this in a Debian 12 machine or container, or
  install the equivalents of $lib_dir/packages.txt yourself and run again with --no-setup."
  fi
  missing=$(missing_packages "$@" | tr '\n' ' ')
  if [ -z "${missing// /}" ]; then
    say "packages: all installed"
    return 0
  fi
  if ! is_debian_12; then
    die "this is $(system_name), not Debian 12 (bookworm); of its packages are missing here:
  $missing
  Run this in a Debian 12 machine or container, or install their equivalents and run again with
  --no-setup."
  fi
  say "packages: installing $missing"
  # Another apt may be at work (an upgrade, a second clone): wait for its locks. Stale lists are no
  # reason to stop yet. Programs are wanted, and no services: where nobody has a policy for those,
  # it is that none is started (Debian policy, 9.3.3.1), until the packages are there.
  # shellcheck disable=SC2016,SC2086
  run_logged "$log" as_root sh -c '
      export DEBIAN_FRONTEND=noninteractive
      policy=/usr/sbin/policy-rc.d
      if [ ! -e "$policy" ]; then
        trap "rm -f $policy" EXIT
        trap "exit 1" HUP INT TERM
        printf "#!/bin/sh\nexit 101\n" >"$policy"
        chmod 755 "$policy"
      fi
      for attempt in 1 2 3 4 5; do
        apt-get -o DPkg::Lock::Timeout=600 update && break
        sleep 5
      done
      apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
    ' sh $missing || status=$?
  if [ "$status" -eq 126 ]; then
    die "packages are missing, and this user can neither be root nor use sudo here. As root, run:
  apt-get update && apt-get install -y --no-install-recommends $missing"
  elif [ "$status" -ne 0 ]; then
    die "the packages could not be installed (the end of apt-get's output is above)"
  fi
}

# allowed_cpus: the CPU numbers this process may use, one a line, in order. A container or taskset
# may allow few of them.
allowed_cpus() {
  local list
  list=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
  tr ',' '\n' <<<"$list" | awk -F- '
    NF == 1 { print $1 }
    NF == 2 { for (cpu = $1; cpu <= $2; ++cpu) print cpu }'
}

# cpu_option: what -Dcpu has to be so that this machine can run what it builds; empty for the
# default.
cpu_option() {
  local flags flag
  flags=" $(awk -F: '/^flags/ { print $2; exit }' /proc/cpuinfo) "
  for flag in avx2 bmi1 bmi2 fma f16c movbe; do
    if [[ "$flags" != *" $flag "* ]]; then
      printf '%s' -Dcpu=native
      return 0
    fi
  done
}

# configure DIR LOG [OPTION...]: sets the build directory up, unless it is already. A set-up that
# broke off is started anew.
configure() {
  local dir=$1 log=$2 cpu
  shift 2
  if [ -f "$dir/build.ninja" ] && [ -f "$dir/meson-private/build.dat" ]; then
    return 0
  fi
  rm -rf "$dir/meson-private" "$dir/build.ninja"
  cpu=$(cpu_option)
  [ -z "$cpu" ] || say "this CPU is older than x86-64-v3: building with $cpu"
  run_logged "$log" meson setup "$dir" "$repo" ${cpu:+"$cpu"} "$@"
}

# reserve_hugepages PAGES: sees to it that so many 2 MB pages are free, if that is allowed; says in
# one line what came of it. Never lowers a reservation and never takes more than half of the memory
# that is available. Always succeeds.
reserve_hugepages() {
  local wanted=$1 total free room target got
  local knob=/proc/sys/vm/nr_hugepages
  local fallback="escd will use ordinary memory (--no-huge): slower, same results"
  total=$(awk '/^HugePages_Total:/ { print $2 }' /proc/meminfo)
  free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
  if [ -z "$total" ] || [ ! -e "$knob" ]; then
    say "hugepages: this kernel has none; $fallback"
    return 0
  fi
  if [ "$(awk '/^Hugepagesize:/ { print $2 }' /proc/meminfo)" != 2048 ]; then
    say "hugepages: the default size is not 2 MB, left alone ($free of $total free)"
    return 0
  fi
  if [ "$free" -ge "$wanted" ]; then
    say "hugepages: $free of $total (2 MB each) are free, enough"
    return 0
  fi
  room=$(awk '/^MemAvailable:/ { print int($2 / 2 / 2048) }' /proc/meminfo)
  if [ $((wanted - free)) -gt "$room" ]; then
    say "hugepages: too little memory is available to set $((wanted * 2)) MB aside; $fallback"
    return 0
  fi
  target=$((total + wanted - free))
  if ! as_root sh -c "echo $target > $knob" </dev/null >/dev/null 2>&1; then
    say "hugepages: may not be reserved by this user here; $fallback"
    return 0
  fi
  got=$(cat "$knob")
  if [ "$got" -lt "$target" ]; then
    # Memory is too fragmented for all of them. What cannot serve is given back.
    as_root sh -c "[ \"\$(cat $knob)\" -ne $got ] || echo $total > $knob" >/dev/null 2>&1 || true
    say "hugepages: the kernel found only $((got - total)) of $((target - total)) pages; $fallback"
    return 0
  fi
  say "hugepages: raised from $total to $target (2 MB each); to give them back: echo $total > $knob"
}
