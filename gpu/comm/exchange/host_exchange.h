// The exchange of the CPU backend.
#pragma once

#include <memory>

#include "gpu/comm/exchange/exchange.h"
#include "gpu/comm/links/paced_links.h"
#include "gpu/comm/memory/address_space.h"

namespace moescope::runtime {

/// Over the address space, whose ranks may be threads, processes or on other hosts. `links`: what
/// rows travel on; forward(), receive(), reduce_node() and await_outputs() then last until the last
/// byte is there. nullptr: transfers are plain copies. With links, ranks of all processes must
/// share memory and a clock.
std::unique_ptr<Exchange> host_exchange(AddressSpace& space, const ExchangeWire& wire,
                                        PacedLinks* links = nullptr);

}  // namespace moescope::runtime
