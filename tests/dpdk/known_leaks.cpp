// For LeakSanitizer: what DPDK's drivers lose by themselves. net_pcap opens its files when it is
// probed and closes them only when a started port stops, so a port that is given up before it was
// started leaves one open.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpcap.so\n";
}
