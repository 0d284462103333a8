import { describe, expect, it } from 'vitest';
import { createCaution } from '../../../src/uplink/caution.ts';

const MINUTE = 60_000;
const NOT_AUTHORISED = 0x87;

describe('the caution of a stream', () => {
  it('keeps a forbidden stream at rest, whatever connection asks', () => {
    const caution = createCaution(() => 1);
    caution.refused(7, NOT_AUTHORISED, 0);
    expect(caution.allows(4 * MINUTE, 0)).toBe(false);
    expect(caution.allows(5 * MINUTE, 0)).toBe(true);
    expect(caution.allows(5 * MINUTE, 1)).toBe(false);
    caution.delivered({ from: 5, to: 7 });
    expect(caution.allows(5 * MINUTE, 1)).toBe(true);
  });
});
