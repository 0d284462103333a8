import { describe, expect, it } from 'vitest';
import { misattributed, runModbus } from '../soak/modbus-run.ts';

/** The long form, with other seeds, is `test/soak/modbus.ts`. */
const EXCHANGES = 4000;
const SEED = 0x5eed;

describe('reads of Modbus over bad lines and connections', () => {
  it('never bring registers of another unit, table, address or slot', async () => {
    const figures = await runModbus({ exchanges: EXCHANGES, seed: SEED });
    const said = JSON.stringify(figures);
    expect(misattributed(figures), said).toBe(0);
    expect(figures.closedByChance, said).toBe(0);
    expect(figures.defects, said).toBe(0);
    // That nothing was wrong says something only where much was read and much came late.
    expect(figures.exchanges).toBeGreaterThanOrEqual(EXCHANGES);
    expect(figures.answered, said).toBeGreaterThan(EXCHANGES / 3);
    expect(figures.late, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.refused, said).toBeGreaterThan(EXCHANGES / 100);
    expect(figures.numbered.answered, said).toBeGreaterThan(EXCHANGES / 5);
    expect(figures.numbered.late, said).toBeGreaterThan(EXCHANGES / 20);
    expect(figures.lateFrames, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.foreignFrames, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.echoes, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.failuresByCode, said).toMatchObject({
      FRAME_LENGTH: expect.any(Number),
      FRAME_MALFORMED: expect.any(Number),
      BUS_ABORTED: expect.any(Number),
    });
    // What comes later than the bound shows that a wrong address would be seen.
    expect(figures.overlate.indistinguishable, said).toBeGreaterThan(0);
  });

  it('are the same again for the same seed', async () => {
    const first = await runModbus({ exchanges: 300, seed: 1 });
    expect(await runModbus({ exchanges: 300, seed: 1 })).toEqual(first);
    expect(await runModbus({ exchanges: 300, seed: 2 })).not.toEqual(first);
  });
});
