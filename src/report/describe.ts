import type { Block } from './block.js'
import { describeAuditReport } from './describeAudit.js'
import { describeDiff } from './describeDiff.js'
import { describeInspect } from './describeInspect.js'
import { describeReinit } from './describeReinit.js'
import { describeScramble } from './describeScramble.js'
import { describeMaterialize, describeStrip } from './describeSkeleton.js'
import type { AnyReport } from './report.js'

/** What a report says to a person. `verbose`: timings, every check and what was skipped besides. */
export function describe({ of, report }: AnyReport, verbose: boolean): Iterable<Block> {
  switch (of) {
    case 'reinit':
      return describeReinit(report, verbose)
    case 'inspect':
      return describeInspect(report)
    case 'audit':
      return describeAuditReport(report, verbose)
    case 'diff':
      return describeDiff(report)
    case 'scramble':
      return describeScramble(report, verbose)
    case 'strip':
      return describeStrip(report, verbose)
    case 'materialize':
      return describeMaterialize(report)
  }
}
