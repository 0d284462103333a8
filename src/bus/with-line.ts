import type { Bus } from '../core/bus.ts';
import type { LineSettings } from '../core/transport.ts';

/** The same bus for a meter that talks otherwise than the bus is set. */
export function withLine(bus: Bus, line: LineSettings): Bus {
  return {
    name: bus.name,
    kind: bus.kind,
    exchange: (exchange) => bus.exchange({ ...exchange, line }),
  };
}
