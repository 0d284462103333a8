import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { broadcastTime, broadcastTimeFrame } from '../../../drivers/dlt645/clock-broadcast.ts';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const ZONE = 'Asia/Shanghai';

describe('setting the clocks of a line', () => {
  /*
   * 08H to 99 six times: ss mm hh DD MM YY = 59 58 23 31 12 26, 33H added: 8C 8B 56 64 45 59.
   * 2 x 68 + 6 x 99 + 08 + 06 + 26F = 6E3.
   */
  const LAST = 'FE FE FE FE 68 99 99 99 99 99 99 68 08 06 8C 8B 56 64 45 59 E3 16';

  it('sends seconds first', () => {
    expect(toHex(broadcastTimeFrame('2026-12-31 23:58:59'))).toBe(LAST);
  });

  it.each([
    ['15:58:58.500', LAST],
    ['15:58:59.499', LAST],
  ])('tells the wall time of the zone to the nearest second: %s UTC', async (utc, frame) => {
    const clock = createVirtualClock(Date.parse(`2026-12-31T${utc}Z`));
    const line = createFakeLine(clock);
    const bus = createBus(
      { name: 'line', latencyMs: 0, turnaroundMs: 2 },
      { line, clock, log: pino({ level: 'silent' }) },
    );
    const signal = new AbortController().signal;
    const told = broadcastTime(bus, { clock, zone: ZONE, priority: 'control', signal });
    await clock.advance(0);
    await told;
    expect(line.sent.map(({ bytes }) => toHex(bytes))).toEqual([frame]);
  });

  it('is one function for both editions: a line with both is told once', () => {
    expect(dlt645.broadcastTime).toBe(broadcastTime);
    expect(dlt645v1997.broadcastTime).toBe(broadcastTime);
  });
});
