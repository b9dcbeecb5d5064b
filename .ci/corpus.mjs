// Every model of the corpora is inspected and re-initialized: a result whose bytes are proven, or a one-line error. Counts the outcomes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, ReinitError, reinit } from '../dist/index.js'

const root = process.argv[2] ?? '../shared/models'
const work = mkdtempSync(join(tmpdir(), 'corpus-'))
const find = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((f) => f.endsWith('.onnx'))
    .map((f) => join(folder, f))
execFileSync('tar', ['xzf', join(root, 'public/small-open.tar.gz'), '-C', work])
const small = find(work)
const failures = []
for (const [name, models] of Object.entries({ exported: find(join(root, 'exported')), public: find(join(root, 'public')), small })) {
  const counts = { 'rewritten and proven': 0, 'nothing to select': 0, refused: 0, unreadable: 0 }
  models.forEach((model, i) => {
    const output = join(work, `out-${i}.onnx`)
    try {
      inspect(model)
      if (reinit(model, { all: true, init: 'he_normal', output }).bytes.identicalOutside !== true)
        failures.push(`${model}: bytes not proven`)
      counts['rewritten and proven']++
    } catch (error) {
      const line = error instanceof Error ? error.message : String(error)
      if (!(error instanceof ReinitError)) failures.push(`${model}: ${line}`)
      else if (line.startsWith('Nothing is selected')) counts['nothing to select']++
      else counts[error.code === 'invalid' ? 'unreadable' : 'refused']++
    }
    rmSync(output, { force: true })
  })
  console.log(
    `${name}: ${models.length} models, ${Object.entries(counts)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ')}`,
  )
}
rmSync(work, { recursive: true, force: true })
for (const line of failures) console.error(`failure: ${line}`)
process.exitCode = failures.length > 0 ? 1 : 0
