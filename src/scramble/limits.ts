/**
 * Values in a row that tell where they came from: the run that an audit looks for. A constant with fewer, in no weight slot, is a setting of
 * the architecture (an epsilon, bounds, 1/√d, a pixel's mean and deviation) and stays.
 */
export const RUN = 8

/** Values of a kind that a mask or a constant has: all equal, or hidden and shown. */
export const MASK_VALUES = 2
