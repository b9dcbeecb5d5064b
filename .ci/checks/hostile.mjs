import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Each malformed model is met as its io.json expects: what must be rejected is, in one line; the rest is rejected or proven. */
export async function hostile({ rewritten }) {
  if (!rewritten) return null
  const answers = rewritten.filter((r) => r.model.corpus === 'hostile')
  const failures = answers.flatMap(({ model, outcome, message, died, failures: found = [] }) => {
    const { expect } = JSON.parse(readFileSync(join(dirname(model.path), 'io.json'), 'utf8'))
    const mustReject = expect.startsWith('must be rejected')
    console.log(`${model.name} (${mustReject ? 'must be rejected' : 'either'}): ${died ?? outcome}${message ? `: ${message}` : ''}`)
    if (died) return [`${model.name}: ${died}`]
    if (mustReject && outcome === 'rewritten') return [`${model.name} was rewritten, yet ${expect}`]
    if (expect.startsWith('valid') && outcome !== 'rewritten' && outcome !== 'nothing')
      return [`${model.name} was not rewritten, yet ${expect}`]
    return found.map((line) => `${model.name}: ${line}`)
  })
  const met = answers.length - new Set(failures.map((f) => f.split(/[ :]/)[0])).size
  console.log(`${met} of ${answers.length} met as expected`)
  return failures
}
