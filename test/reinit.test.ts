// The library from end to end, on every fixture: what is redrawn, what stays, and that a seed gives the same bytes.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { inspect, type ReportParameter, reinit } from '../src/index.js'
import { readModel } from '../src/readModel.js'
import { type DecodedTensor, decodedTensors } from './decodedTensors.js'
import { filesBelow } from './reinitFile.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reinit-'))
})
const fixtures = readdirSync('fixtures/models')
  .filter((f) => f.endsWith('.onnx'))
  .map((f) => f.slice(0, -'.onnx'.length))

describe('one layer of a perceptron', () => {
  let model: string
  beforeEach(() => {
    model = join(folder, 'mlp.onnx')
    copyFileSync('fixtures/mlp.onnx', model)
  })
  const weight = async () => (await inspect(model)).parameters.find((p) => p.role === 'weight') as ReportParameter

  test('only it changes, to the formula, and the same seed gives the same bytes', async () => {
    const { name, fanIn, fanOut, elementCount } = await weight()
    const run = async (output: string, seed: string) => {
      const report = await reinit(model, { layers: [name], init: 'xavier_normal', seed, output: join(folder, output), run: false })
      expect(report.bytes).toMatchObject({ changed: elementCount * 4, identicalOutside: true })
      expect(report.changed[0]?.expected.std).toBeCloseTo(Math.sqrt(2 / ((fanIn ?? 0) + (fanOut ?? 0))), 12)
      return readFileSync(join(folder, output))
    }
    const [a, b, c] = [await run('a.onnx', '0'), await run('b.onnx', '0'), await run('c.onnx', '1')]
    expect(a.equals(b)).toBe(true)
    expect(a.equals(c)).toBe(false)
    const before = readFileSync(model)
    const { start, end } = rangeOf(model, name)
    expect(a.subarray(0, start).equals(before.subarray(0, start))).toBe(true)
    expect(a.subarray(end).equals(before.subarray(end))).toBe(true)
  })

  function rangeOf(path: string, name: string) {
    const opened = readModel(path)
    opened.close()
    const elements = opened.tensors.find((t) => t.name === name)?.elements
    return (elements?.kind === 'stored' ? elements.ranges[0] : undefined) ?? { start: 0, end: 0 }
  }

  test.each([
    ['a layer that is not there', { layers: ['nothing'] }, /"nothing" matches nothing in this model/],
    ['no selection', {}, /Nothing is selected/],
    ['a seed that is no number', { all: true, seed: 'abc' }, /Seed "abc"/],
    ['an output that is the input', { all: true, output: 'INPUT' }, /[Oo]utput is the input/],
  ])('refused with nothing written: %s', async (_, options, message) => {
    const output = 'output' in options ? model : join(folder, 'out.onnx')
    await expect(reinit(model, { init: 'he_normal', ...options, output })).rejects.toThrow(message)
    expect(readdirSync(folder)).toEqual(['mlp.onnx'])
  })

  test('a truncated file is refused in one line', async () => {
    truncateSync(model, 200)
    await expect(inspect(model)).rejects.toThrow(/^not a valid ONNX file: at byte \d+, .*$/)
    expect(existsSync(join(folder, 'mlp.reinit.onnx'))).toBe(false)
  })
})

describe('every fixture, all of it', () => {
  const options = { all: true, init: 'he_uniform', shared: 'rewrite', run: false } as const

  test.each(fixtures.map((name, i) => [name, i % 4 === 0] as const))('%s', async (name, isRepeated) => {
    const path = join('fixtures/models', `${name}.onnx`)
    const [first, second] = [mkdtempSync(join(folder, 'a')), mkdtempSync(join(folder, 'b'))]
    const output = join(first, `${name}.onnx`)
    const report = await reinit(path, { ...options, output })
    expect(report.bytes?.identicalOutside).toBe(true)
    expect(report.changed.length).toBeGreaterThan(0)

    // another library finds the same values in everything that was not reported
    const changed = new Set(report.changed.map((c) => c.name))
    const [before, after] = name === 'wire_anything' ? [[], []] : [decodedTensors(path), decodedTensors(output)]
    expect(after.map(signature)).toEqual(before.map(signature))
    const differing = before.filter((t, i) => !Buffer.from(t.values).equals((after[i] as DecodedTensor).values)).map((t) => t.name)
    expect(differing.filter((n) => !changed.has(n))).toEqual([])
    // what inspect says of the layers is the same for the result
    const [old, now] = [await inspect(path), await inspect(output)]
    expect(now.parameters.map(understood)).toEqual(old.parameters.map(understood))

    if (!isRepeated) return
    await reinit(path, { ...options, output: join(second, `${name}.onnx`) })
    expect(filesBelow(second)).toEqual(filesBelow(first))
    for (const file of filesBelow(first)) expect(readFileSync(join(first, file)).equals(readFileSync(join(second, file))), file).toBe(true)
  })

  const signature = ({ name, dims, dataType }: DecodedTensor) => ({ name, dims, dataType })
  const understood = ({ name, scope, layer, role, fanIn, fanOut, activation, uses }: ReportParameter) => ({
    name,
    scope,
    layer,
    role,
    fanIn,
    fanOut,
    activation,
    uses,
  })
})
