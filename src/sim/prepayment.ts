import { decimal, formatDecimal, parseDecimal } from '../core/decimal.ts';
import { SHOWN } from '../core/slave.ts';
import { type Calendar, SLOT_MS } from './calendar.ts';
import { FIRST_DAY, tariffOf } from './energy.ts';
import type { Events } from './events.ts';
import { STEP_PRICE, TARIFF_PRICES } from './prices.ts';
import type { Look } from './shown.ts';

/** What was bought and what is left, once in kWh and once in CNY; hundredths throughout. */
export interface PrepaymentOptions {
  readonly calendar: Calendar;
  readonly events: Events;
  readonly kind: 'single' | 'three';
  /** Of the energies. */
  readonly look: Look;
}

type Of = 'energy' | 'amount';

/** Up to here, at least, everybody buys. */
const FULL = { single: 200_000n, three: 2_000_000n } as const;
const STEP = 5_000n;
/** Prices have four decimals: 10^4 times as fine as what they are multiplied with. */
const PRICE_UNIT = 10_000n;

interface Account {
  readonly count: number;
  readonly bought: bigint;
  readonly before: bigint;
  readonly after: bigint;
  readonly total: bigint;
}

/** The whole of STEP that brings `left` to FULL, and no less than one. */
function purchaseOf(left: bigint, full: bigint): bigint {
  const steps = (full - left + STEP - 1n) / STEP;
  return (steps < 1n ? 1n : steps) * STEP;
}

const shown = (units: bigint) => formatDecimal(decimal(units, 2));
const notBelowZero = (units: bigint) => (units < 0n ? 0n : units);

/** Names of what is left, of what was bought last, and of prices. */
export const PREPAID =
  /^x_((energy|amount)_(remaining|overdraft)|purchase_.*|price(_step|_tariff)?)$/;

export function createPrepayment({ calendar, events, kind, look }: PrepaymentOptions): Look {
  const installed = calendar.day(FIRST_DAY).start;
  const unitsOf = (register: string, at: number) =>
    parseDecimal(look(register, at) ?? '')?.coefficient ?? 0n;
  const since = (register: string, at: number) =>
    unitsOf(register, at) - unitsOf(register, installed);
  const used = (of: Of, at: number) => {
    if (of === 'energy') return since('energy_active_import', at);
    const parts = TARIFF_PRICES.map((price, index) => {
      const kilowatthours = since(`energy_active_import_t${index + 1}`, at);
      return kilowatthours * (parseDecimal(price)?.coefficient ?? 0n);
    });
    return parts.reduce((sum, part) => sum + part, 0n) / PRICE_UNIT;
  };

  const accountAt = (of: Of, at: number): Account => {
    const full = FULL[kind];
    const none = { count: 0, bought: 0n, before: full, after: full, total: 0n };
    const purchases = events.until(at, `purchase-${of}`) ?? [];
    return purchases
      .filter(({ end }) => end <= at)
      .reduce<Account>(({ count, total }, { end }) => {
        const before = full + total - used(of, end);
        const bought = purchaseOf(before, full);
        return {
          count: count + 1,
          bought,
          before,
          after: before + bought,
          total: total + bought,
        };
      }, none);
  };

  const priceAt = (at: number) => {
    const day = calendar.day(calendar.indexOf(at));
    const wallSlot = day.wallSlots[Math.floor((at - day.start) / SLOT_MS)] ?? 0;
    return TARIFF_PRICES[tariffOf(wallSlot) - 1] ?? null;
  };

  return (name, at) => {
    if (name === SHOWN.priceOfStep) return STEP_PRICE;
    if (name === SHOWN.price || name === SHOWN.priceOfTariff) return priceAt(at);
    const of = name.includes('energy') ? 'energy' : 'amount';
    const account = accountAt(of, at);
    const left = FULL[kind] + account.total - used(of, at);
    const what = name.slice(name.lastIndexOf('_') + 1);
    switch (what) {
      case 'remaining':
        return shown(notBelowZero(left));
      case 'overdraft':
        return shown(notBelowZero(-left));
      case 'count':
        return String(account.count);
      case 'bought':
      case 'before':
      case 'after':
      case 'total':
        return shown(account[what]);
      default:
        return null;
    }
  };
}
