import type { Block } from './block.js'
import { describeDiff } from './describeDiff.js'
import { describeInspect } from './describeInspect.js'
import { describeReinit } from './describeReinit.js'
import type { AnyReport } from './formats.js'

/** What a report says to a person. `verbose`: timings, every check and what was skipped besides. */
export function describe({ of, report }: AnyReport, verbose: boolean): Iterable<Block> {
  return of === 'reinit' ? describeReinit(report, verbose) : of === 'inspect' ? describeInspect(report) : describeDiff(report)
}
