import { type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import { joinCells, type Shown } from './sim-cells.ts';
import { COUNT, type Named, pairs, RATE, VOLTAGE } from './sim-forms.ts';
import { sourcesOf } from './sim-quantities.ts';

/** How much of a month the voltage was within its limits: 03 10 00..03 00..0C of table A.4. */
const ROWS: readonly Named[] = [
  ['minutes', COUNT],
  ['within', RATE],
  ['outside', RATE],
  ['above', COUNT],
  ['below', COUNT],
  ['highest', VOLTAGE],
  ['highest_at', pairs(4)],
  ['lowest', VOLTAGE],
  ['lowest_at', pairs(4)],
];
const PHASES = 3;
const BLOCK = 0xff;

/** DI1 is the phase, 0 the meter; DI0 the month, 0 the running one. */
export function showVoltageQuality(
  identifier: readonly number[],
  display: MeterDisplay,
): Shown | null {
  const [, , di1 = 0, di0 = 0] = identifier;
  const [month] = di0 === BLOCK ? [] : sourcesOf(di0, display);
  if (month === undefined || di1 > PHASES) return null;
  const place = di1 === 0 ? '' : `_l${di1}`;
  const cells = ROWS.map(([what, form]) => {
    const name = `${SHOWN.voltageQuality}_${what}${place}`;
    return form.cell(name, month.show(name));
  });
  return joinCells(cells);
}
