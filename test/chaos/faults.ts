/** The table of faults, in the order in which they run. */
import type { Fault } from './fault.ts';
import { BROKER_FAULTS } from './faults/broker.ts';
import { CLOCK_FAULTS } from './faults/clock.ts';
import { DAMAGE_FAULTS } from './faults/damage.ts';
import { DISK_FAULTS } from './faults/disk.ts';
import { INSTANCE_FAULTS } from './faults/instances.ts';
import { KILL_FAULTS } from './faults/kill.ts';
import { REFUSAL_FAULTS } from './faults/refusals.ts';

export const FAULTS: readonly Fault[] = [
  ...KILL_FAULTS,
  ...DAMAGE_FAULTS,
  ...DISK_FAULTS,
  ...BROKER_FAULTS,
  ...REFUSAL_FAULTS,
  ...CLOCK_FAULTS,
  ...INSTANCE_FAULTS,
];
