// The checks over the corpora of ../shared, with the library as it was built: node .ci/corpus.mjs [--dist dist] [--shared ../shared] [--only rewrite]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { classes } from './checks/classes.mjs'
import { heads } from './checks/heads.mjs'
import { hostile } from './checks/hostile.mjs'
import { independent } from './checks/independent.mjs'
import { layers } from './checks/layers.mjs'
import { memory } from './checks/memory.mjs'
import { rewrite } from './checks/rewrite.mjs'
import { run } from './checks/run.mjs'
import { scores } from './checks/scores.mjs'
import { scramble } from './checks/scramble.mjs'
import { unpackCorpora } from './corpora.mjs'

/** In order: `run` goes over what `rewrite` rewrote. Each gives its failures, a line each, or null where it can't be made here. */
const checks = { rewrite, hostile, run, scramble, scores, layers, heads, classes, memory, independent }

const { values: given } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    shared: { type: 'string', default: '../shared' },
    only: { type: 'string', multiple: true, default: Object.keys(checks) },
  },
})
const work = mkdtempSync(join(tmpdir(), 'corpus-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const shared = resolve(given.shared)
const context = { dist: resolve(given.dist), shared, work, models: unpackCorpora(join(shared, 'models'), work), rewritten: null }
let passed = 0
let failed = 0
for (const [name, check] of Object.entries(checks)) {
  if (!given.only.includes(name)) continue
  console.log(`\n== ${name}`)
  const start = performance.now()
  const failures = await check(context).catch((error) => [`the check itself: ${error.stack}`])
  for (const line of failures ?? []) console.log(`failure: ${line}`)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(failures === null ? `${name}: not here` : `${name}: ${failures.length === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
  if (failures?.length === 0) passed++
  else if (failures) failed++
}
console.log(`corpora: ${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
