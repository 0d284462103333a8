import { SHOWN } from '../core/slave.ts';
import type { MeterKind } from './curve.ts';
import { TARIFFS_KEPT } from './energy.ts';
import { between } from './random.ts';
import { createSchedules } from './schedules.ts';
import { createSettings } from './settings.ts';

/** What is set once: ratings, texts, modes. Binary words are shown as hex. */
export function createNameplate(kind: MeterKind, seed: number): ReadonlyMap<string, string> {
  const isSingle = kind === 'single';
  const week = String(between(1, 52, seed, 31)).padStart(2, '0');
  return new Map<string, string>([
    [SHOWN.demandPeriod, '15'],
    [SHOWN.demandStep, '05'],
    [SHOWN.tariffs, String(TARIFFS_KEPT).padStart(2, '0')],
    [SHOWN.assetCode, `SIM${String(seed % 1_000_000_000).padStart(9, '0')}`],
    [SHOWN.ratedVoltage, isSingle ? '220V' : '3x220V'],
    [SHOWN.ratedCurrent, isSingle ? '5A' : '1.5A'],
    [SHOWN.largestCurrent, isSingle ? '60A' : '6A'],
    [SHOWN.accuracyActive, isSingle ? '2.0' : '0.5S'],
    [SHOWN.accuracyReactive, '2.0'],
    [SHOWN.constantActive, isSingle ? '1200' : '6400'],
    [SHOWN.constantReactive, isSingle ? '1200' : '6400'],
    [SHOWN.model, isSingle ? 'DDZY-SIM' : 'DTZY-SIM'],
    [SHOWN.productionDate, `2024-W${week}`],
    [SHOWN.protocolVersion, 'DL/T645-2007'],
    [SHOWN.customerNumber, String(between(1, 999_999_999, seed, 35)).padStart(12, '0')],
    [SHOWN.softwareVersion, 'SIM-SW-1.2'],
    [SHOWN.hardwareVersion, 'SIM-HW-3'],
    [SHOWN.vendorCode, 'SIMULATED'],
    ...createSettings(),
    ...createSchedules(),
    // Import and export add up; the reactive ones take quadrants I and IV, II and III.
    [SHOWN.combinationActive, '0x05'],
    [SHOWN.combinationReactive1, '0x41'],
    [SHOWN.combinationReactive2, '0x14'],
    [SHOWN.loadRecordMode, '0x3F'],
    [SHOWN.freezeMode, '0xFF'],
    ...[1, 2, 3, 4, 5, 6].map((each) => [`${SHOWN.loadRecordInterval}_${each}`, '15'] as const),
    [`${SHOWN.settlementDay}_1`, '0100'],
    [`${SHOWN.settlementDay}_2`, '9999'],
    [`${SHOWN.settlementDay}_3`, '9999'],
    [SHOWN.batteryMinutes, String(between(100, 5000, seed, 34))],
    [SHOWN.clockBattery, `3.${between(58, 66, seed, 32)}`],
    [SHOWN.readingBattery, `6.${between(8, 20, seed, 33).toString().padStart(2, '0')}`],
  ]);
}
