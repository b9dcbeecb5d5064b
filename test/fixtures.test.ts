// A fixture is files: a model and what inspect must say of it. The loop over the folder is the test.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ExpectedParameter, Expectation } from '../fixtures/make/fixture.js'
import { filesOf, fixtures } from '../fixtures/make.js'
import { wrappings } from '../src/names/schemes.js'
import { paths } from '../src/ops/paths.js'
import { slots } from '../src/ops/slots.js'
import { inspect, type InspectReport, type ReportParameter, type SelectionOptions } from '../src/index.js'
import { readModel } from '../src/readModel.js'

const folder = 'fixtures/models'
const names = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => f.slice(0, -'.json'.length))
const expectationOf = (name: string) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as Expectation

describe.each(names)('%s', (name) => {
  const model = `${folder}/${name}.onnx`
  const { parameters, skipped = {}, selections = {}, notes = [] } = expectationOf(name)

  test('every parameter is what it is, and nothing else is one', async () => {
    const report = await inspect(model)
    const keys = report.parameters.map(keyOf)
    expect(keys.toSorted()).toEqual(Object.keys(parameters).toSorted())
    for (const p of report.parameters) {
      const expected = parameters[keyOf(p)] as ExpectedParameter
      expect(shown(p, expected), keyOf(p)).toEqual({ activation: null, fan: null, ...expected })
    }
    expect(Object.fromEntries(report.skipped.map((s) => [s.name, s.reason]))).toEqual(skipped)
    for (const note of notes) expect(report.notes.join('\n')).toContain(note)
  })

  if (Object.keys(selections).length > 0)
    test.each(Object.entries(selections))('%s', async (flags, selected) => {
      const report = await inspect(model, optionsOf(flags))
      expect(selectedKeys(report)).toEqual([...selected].toSorted())
    })
})

const keyOf = (p: ReportParameter) => (p.scope === '' ? p.name : `${p.scope}|${p.name}`)
const selectedKeys = (report: InspectReport) =>
  report.parameters
    .filter((p) => p.selected)
    .map(keyOf)
    .toSorted()

/** A parameter in a fixture's words; of the rest only what the fixture speaks of. */
function shown(p: ReportParameter, expected: ExpectedParameter) {
  return {
    ...Object.fromEntries(Object.keys(expected).map((key) => [key, p[key as keyof ReportParameter]])),
    fan: p.fanIn === null ? null : [p.fanIn, p.fanOut],
    activation: p.activation,
    uses: p.uses.map((u) => `${u.domain === 'ai.onnx' ? '' : `${u.domain}:`}${u.opType}[${u.input}] ${u.layout.join()}`.trim()),
  }
}

/** `--layers a --head` as the library's options. */
function optionsOf(flags: string): SelectionOptions {
  const options: { [key: string]: string[] | boolean } = {}
  for (const part of flags.split(/ (?=--)/)) {
    const [flag, ...values] = part.split(' ')
    const value = values.join(' ')
    if (flag === '--head' || flag === '--all') options[flag.slice(2)] = true
    else if (flag === '--layers' || flag === '--exclude') options[flag.slice(2)] = [value]
    else options[flag === '--op-type' ? 'opTypes' : 'roles'] = value.split(',')
  }
  return options
}

describe('made fixtures', () => {
  test.each(Object.keys(fixtures))('%s is what the maker makes', (name) => {
    for (const [file, content] of Object.entries(filesOf(name, fixtures[name] as (typeof fixtures)[string])))
      expect(readFileSync(`${folder}/${file}`).equals(content), `${file}: run npm run fixtures`).toBe(true)
  })
})

// ---- contract: an entry of a table without a fixture is a failure ----

const uses = new Set(
  names.flatMap((name) => Object.values(expectationOf(name).parameters).flatMap((p) => p.uses.map((u) => u.split(' ')[0] as string))),
)
const skippedReasons = new Set(names.flatMap((name) => Object.values(expectationOf(name).skipped ?? {})))
const short = (key: string) => key.replace(/^ai\.onnx:/, '')

test.each(Object.entries(slots))('every slot of %s has a fixture', (key, entries) => {
  for (const { input, refused } of entries) {
    if (refused) expect(skippedReasons).toContain('blocked-order')
    else expect([...uses], `${key}[${input}]`).toContain(`${short(key)}[${input}]`)
  }
})

test.each(Object.keys(paths))('a constant goes through %s in a fixture', (key) => {
  expect(operatorsOnConstants()).toContain(key)
})

let operators: Set<string> | undefined
/** Operators all of whose data are stored tensors, or computed from them. */
function operatorsOnConstants(): Set<string> {
  if (operators) return operators
  operators = new Set()
  for (const name of names) {
    const model = readModel(`${folder}/${name}.onnx`)
    const known = new Set(model.graph.tensors.map((t) => t.name))
    for (const node of model.graph.nodes) {
      const [first] = node.inputs
      if (first === undefined || !known.has(first)) continue
      operators.add(`${node.domain}:${node.opType}`)
      for (const output of node.outputs) known.add(output)
    }
    model.close()
  }
  return operators
}

test.each(wrappings)('$of: $pattern is in a fixture', ({ pattern }) => {
  const tensors = names.flatMap((name) => [...Object.keys(expectationOf(name).parameters), ...namesIn(name)])
  expect(tensors.some((t) => pattern.test(t))).toBe(true)
})

function namesIn(name: string): string[] {
  const model = readModel(`${folder}/${name}.onnx`)
  model.close()
  return model.tensors.map((t) => t.name)
}

test('every data file of the folder belongs to a fixture', () => {
  const known = new Set(Object.entries(fixtures).flatMap(([name, fixture]) => Object.keys(filesOf(name, fixture))))
  const found = (readdirSync(folder, { recursive: true }) as string[]).filter((f) => /\.[^/]+$/.test(f) || existsSync(`${folder}/${f}`))
  const stray = found.filter((f) => !known.has(f) && !names.some((n) => f === `${n}.onnx` || f === `${n}.json` || f.startsWith(`${n}.`)))
  expect(stray.filter((f) => !found.some((g) => g.startsWith(`${f}/`)))).toEqual([])
})
