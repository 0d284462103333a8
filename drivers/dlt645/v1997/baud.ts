/**
 * The baud-rate word Z of function 0CH, DL/T 645-1997, as meter firmware has it. Every speed
 * stands one bit higher than in the word of 2007, so that a mistaken table halves the speed.
 */
import type { BaudTable } from '../baud.ts';

export const BAUD_RATES_1997: BaudTable = [null, 300, 600, 1200, 2400, 4800, 9600, null];
