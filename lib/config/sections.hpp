// SPDX-License-Identifier: BSD-3-Clause
// The sections of the file. The rows of each are in a file of their own, keys_SECTION.cpp, and what
// no row can say is in rules_SECTION.cpp. Internal to lib/config.
#pragma once

#include "config/keys.hpp"

namespace esc::config {

extern const SectionSpec kTopSection;
extern const SectionSpec kEalSection;
extern const SectionSpec kMemorySection;
extern const SectionSpec kPortSection;
extern const SectionSpec kTcpSection;
extern const SectionSpec kConnectionsSection;
extern const SectionSpec kLcoresSection;
extern const SectionSpec kRingsSection;
extern const SectionSpec kDeduplicationSection;
extern const SectionSpec kLimitsSection;
extern const SectionSpec kPressureSection;
extern const SectionSpec kDeadLettersSection;
extern const SectionSpec kReplaySection;
extern const SectionSpec kShutdownSection;
extern const SectionSpec kLogSection;
extern const SectionSpec kControlSection;
extern const SectionSpec kHealthSection;
extern const SectionSpec kRoutingSection;
extern const SectionSpec kDefaultRouteSection;
extern const SectionSpec kRouteSection;
extern const SectionSpec kProducerSection;

// Called once the section's rows are read. They may look at the sections before it.
void check_instance(const Loading& in, const Section& top);
void check_eal(const Loading& in, const Section& eal);
void check_lcores(const Loading& in, const Section& lcores);
void check_rings(const Loading& in, const Section& rings);
void check_pressure(const Loading& in, const Section& pressure);
void check_dead_letters(const Loading& in, const Section& letters);

// Sections of which there may be none or several.
void load_ports(const Loading& in, const SectionSpec& spec);
void load_tcp(const Loading& in, const SectionSpec& spec);
void load_default_route(const Loading& in, const SectionSpec& spec);
void load_routes(const Loading& in, const SectionSpec& spec);
void load_producers(const Loading& in, const SectionSpec& spec);

}  // namespace esc::config
