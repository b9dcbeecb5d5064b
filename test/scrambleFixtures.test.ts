// A fixture is a model and what scrambling it must come to. The loop over the folder is the test.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { scrambleFilesOf } from '../fixtures/make.js'
import { type ScrambleExpectation, scrambleFixtures } from '../fixtures/make/scramble.js'
import { readModel } from '../src/readModel.js'
import type { ScrambleOptions } from '../src/reports.js'
import { scramble } from '../src/scramble.js'
import type { Model } from '../src/types.js'
import * as b from './buildModel.js'

// each is some runs in processes of their own
vi.setConfig({ testTimeout: 60_000 })

const folder = 'fixtures/scramble'
const names = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => f.slice(0, -'.json'.length))
const expectationOf = (name: string) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as ScrambleExpectation

async function scrambled(name: string, options: ScrambleOptions = {}) {
  const into = b.folderOf({})
  const output = join(into, 'out.onnx')
  const report = await scramble(`${folder}/${name}.onnx`, { output, ...options })
  return { output, report, bytes: Buffer.concat(report.written.map((path) => readFileSync(path))) }
}

describe.each(names)('%s', (name) => {
  const expected = expectationOf(name)

  test('learned values are redrawn, others stay with their reasons', async () => {
    const { report } = await scrambled(name)
    expect(report.changed.map(keyOf).toSorted()).toEqual([...expected.redrawn].toSorted())
    expect(report.attributes.map((a) => a.name).toSorted()).toEqual([...(expected.attributes ?? [])].toSorted())
    expect(Object.fromEntries(report.kept.map((k) => [k.name, k.reason]))).toEqual(expected.kept ?? {})
    expect(report.dropped).toEqual(expected.dropped ?? { 'producer fields': 1 })
    expect(report.bytes.identicalOutside).toBe(true)
    expect(report.run.status, report.run.message).toBe(expected.run ?? 'passed')
    for (const { name: of, ratio } of report.deviations) if (ratio) expect(Math.abs(Math.log10(ratio)), of).toBeLessThan(2)
  })

  const manners = {
    plain: { run: false },
    moments: { like: 'moments', run: false },
    renamed: { rename: 'all' },
    inline: { data: 'inline', run: false },
  } as const
  test.each(Object.entries(manners))('nothing learned is left: %s', async (manner, options) => {
    const { bytes, report } = await scrambled(name, options)
    if (report.run.status !== 'disabled') expect(report.run.status, report.run.message).toBe(expected.run ?? 'passed')
    for (const secret of expected.secrets) expect(survivor(secret, bytes)).toBeNull()
    for (const text of expected.gone ?? []) expect(bytes.includes(text), text).toBe(false)
    for (const text of expected.stays ?? []) expect(bytes.includes(text), text).toBe(true)
    if (manner === 'renamed') for (const text of expected.goneRenamed ?? []) expect(bytes.includes(text), text).toBe(false)
    else for (const text of expected.goneRenamed ?? []) expect(bytes.includes(text), text).toBe(true)
  })

  test('the graph is the same', async () => {
    const { output } = await scrambled(name, { run: false })
    const models = [`${folder}/${name}.onnx`, output].map((path) => readModel(path)) as [Model, Model]
    try {
      expect(shapeOf(models[1])).toEqual(shapeOf(models[0]))
    } finally {
      for (const model of models) model.close()
    }
  })

  test('the same seed gives the same bytes, another others', async () => {
    const [first, again, other] = await Promise.all([{}, {}, { seed: 1 }].map((o) => scrambled(name, { run: false, ...o })))
    expect(again?.bytes.equals(first?.bytes as Buffer)).toBe(true)
    expect(other?.bytes.equals(first?.bytes as Buffer)).toBe(false)
  })
})

const keyOf = ({ scope, name }: { readonly scope: string; readonly name: string }) => (scope === '' ? name : `${scope}|${name}`)

/** Bytes of a run that would tell: two floats. */
const RUN = 8

/** The first run of learned bytes that is in the result. */
function survivor({ hex, step }: ScrambleExpectation['secrets'][number], bytes: Buffer): string | null {
  const secret = Buffer.from(hex, 'hex')
  for (let at = 0; at + RUN <= secret.length; at += step) {
    const run = secret.subarray(at, at + RUN)
    if (run.some((v) => v !== 0) && bytes.includes(run)) return `element ${at / step}`
  }
  return null
}

/** Operators and their wiring, types and shapes of tensors that are still there. */
function shapeOf({ graph, functions, tensors }: Model) {
  const nodes = (g: Model['graph']) => g.nodes.map((n) => [n.domain, n.opType, n.inputs, n.outputs, [...n.attributes.keys()]])
  const read = new Set([graph, ...functions.map((f) => f.body)].flatMap((g) => g.nodes.flatMap((n) => n.inputs)))
  return {
    nodes: nodes(graph),
    functions: functions.map((f) => [f.domain, f.name, nodes(f.body)]),
    inputs: graph.inputs.map((v) => [v.name, v.shape]),
    tensors: tensors.filter((t) => read.has(t.name)).map((t) => [t.name, t.dataType, t.dims, t.owner]),
  }
}

test('the files are those that the tables make', () => {
  for (const [name, fixture] of Object.entries(scrambleFixtures))
    for (const [file, content] of Object.entries(scrambleFilesOf(name, fixture)))
      expect(readFileSync(join(folder, file)).equals(content), file).toBe(true)
})
