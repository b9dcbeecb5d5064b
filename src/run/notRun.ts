import type { RunResult } from '../types.js'

export const NOT_RUN: RunResult = { status: 'disabled', runtime: null, inputs: [], outputs: [] }
