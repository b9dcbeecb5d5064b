import type { RunResult } from '../types.js'

/** Why a job whose run failed is status 1. */
export const notRunning = ({ message }: RunResult): string =>
  `the result does not run, though the input does: nothing was kept${message ? ` (${message})` : ''}`
