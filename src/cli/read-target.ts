/** Which meter `amr read` speaks with, and what one way of reading it makes of that. */
import type { Bus } from '../core/bus.ts';
import { systemClock } from '../core/clock.ts';
import type { Driver, DriverSession } from '../core/driver.ts';
import type { AmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';
import { createNotes } from '../core/notes.ts';
import type { ReadReport } from './read-report.ts';

export interface Target {
  readonly driver: Driver;
  readonly model: MeterModel;
  readonly address: string;
}

export interface Manner {
  /** Further tries of what got no answer. */
  readonly retries: number;
  /** The zone of the meter's wall time. */
  readonly zone: string;
}

/** The document, the same for people, and whether nothing at all was read. */
export interface Printed {
  readonly report: ReadReport;
  readonly lines: readonly string[];
  readonly isEmpty: boolean;
}

/** What is to be read, checked before the port is opened. */
export interface Job {
  run(bus: Bus, signal: AbortSignal): Promise<Printed>;
  /** The same where the port cannot be had: a cause like any other why nothing was read. */
  unread(error: AmrError): Printed;
}

/** A session that remembers nothing of the meter. */
export function openTarget(bus: Bus, { driver, model, address }: Target): DriverSession {
  return driver.open(bus, { address, model }, { clock: systemClock, notes: createNotes() });
}
