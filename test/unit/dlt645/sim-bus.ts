import type { Bus } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { Slave } from '../../../src/core/slave.ts';

/** A bus at its seam, with a simulated meter and nothing else on it. */
export function createSimBus(slave: Slave): Bus {
  return {
    name: 'sim',
    kind: 'line',
    async exchange({ request, framer, match }) {
      const answer = slave.receive(request);
      if (answer === null) throw new AmrError('BUS_NO_REPLY', 'no answer came');
      const found = framer.push(answer).find(match);
      if (found === undefined) throw new AmrError('BUS_FOREIGN_REPLY', 'another answer came');
      return found;
    },
  };
}
