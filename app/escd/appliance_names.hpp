// SPDX-License-Identifier: BSD-3-Clause
// The appliance, by the names that the program around it uses.
#pragma once

#include "appliance/appliance.hpp"

namespace esc::app {

using appliance::Appliance;
using appliance::DataPath;
using appliance::DeadLetterFolder;
using appliance::DeadLetters;
using appliance::IngestRing;
using appliance::KeyMemory;
using appliance::PipelineRequest;
using appliance::PipelineState;
using appliance::PoolReport;
using appliance::RuleBook;
using appliance::RxNode;
using appliance::WorkerNode;

}  // namespace esc::app
