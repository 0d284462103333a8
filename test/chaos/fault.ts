/** What a fault is: a row of the table in faults.ts. */
import type { Random } from '../../src/sim/random.ts';
import type { Need } from './needs.ts';
import type { Rig } from './rig.ts';
import type { Settings } from './settings.ts';
import type { Bounds } from './verdict.ts';

/** How often a fault that is made of rounds breaks things. */
export interface Scale {
  /** Times that the gateway is killed. */
  readonly kills: number;
  /** Rounds of what is not a plain kill. */
  readonly rounds: number;
  readonly random: Random;
}

export interface Fault {
  /** Of `--only`. */
  readonly name: string;
  /** What is broken, in one line. */
  readonly breaks: string;
  /** True where it is part of `--quick`. */
  readonly quick: boolean;
  readonly needs: readonly Need[];
  readonly settings?: Partial<Settings>;
  readonly bounds?: Partial<Bounds>;
  /**
   * Breaks things and sees the gateway come back. What is then not delivered is delivered in a
   * last life, and judged. Rejects where the gateway did not come back at all.
   */
  run(rig: Rig, scale: Scale): Promise<void>;
}
