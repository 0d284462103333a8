/**
 * What the values of a meter behind transformers are of: `primary` has the ratios in already,
 * `secondary` is what comes in at the terminals, to be multiplied by CT x PT, `as-set` depends on
 * how the meter is set, `direct` has no transformers.
 */
export const SIDES = ['primary', 'secondary', 'as-set', 'direct', 'unknown'] as const;
