// node bench/kill.mjs [--count 200] [--cli dist/cli.cjs] [--seed 1]: kills the command line (SIGKILL) at random moments, and looks at what is
// left: the input as it was, each name an old or a new file or none, the parts of an output belonging together, the next run clean.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { kills } from './kills.mjs'

const { values: given } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    cli: { type: 'string', default: 'dist/cli.cjs' },
    seed: { type: 'string', default: '1' },
    side: { type: 'string', default: '2000' },
  },
})
const counts = await kills({ count: Number(given.count), cli: resolve(given.cli), seed: Number(given.seed), side: Number(given.side) })
for (const [what, n] of Object.entries(counts)) console.log(`${String(n).padStart(6)} ${what}`)
