// SPDX-License-Identifier: BSD-3-Clause
// The names of the appliance's stages, and the rings between them. Whoever polls a stage or makes
// one includes stages.hpp; for the rest of the program it takes too long to compile.
#pragma once

#include "event/event.hpp"
#include "intake/ring_sink.hpp"
#include "ring/spsc_ring.hpp"

namespace esc::appliance {

using intake::IngestRing;
using WorkerRing = ring::SpscRing<event::WorkItem>;

class RxStage;
class TcpStage;
class DispatchStage;
class WorkerStage;
class LcoreStages;

}  // namespace esc::appliance
