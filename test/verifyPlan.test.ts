import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makePlan, type PlanOptions } from '../src/makePlan.js'
import { readModel } from '../src/readModel.js'
import type { Verification } from '../src/types.js'
import { verifyPlan } from '../src/verifyPlan.js'
import { writePlan } from '../src/writePlan.js'
import * as b from './buildModel.js'
import { plannedFills } from './plannedFills.js'

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

type Prove = () => Promise<Verification>

/** Writes m.onnx with a redrawn weight and gives what is staged to `use`, with a proof that can be asked for again and again. */
async function withStaged<T>(options: Partial<PlanOptions>, use: (paths: readonly string[], prove: Prove) => Promise<T>): Promise<T> {
  const model = readModel(join(folder, 'm.onnx'))
  const fills = plannedFills(model, { 'fc.weight': 'xavier_normal' })
  const plan = makePlan(model, fills, { output: join(folder, 'out.onnx'), inPlace: false, overwrite: false, data: 'copy', ...options })
  const staged = await writePlan(plan, model)
  try {
    return await use(staged.files, () => verifyPlan(plan, model, staged, readModel))
  } finally {
    staged.discard()
    model.close()
  }
}

/** Proves what is staged after `spoil` has been at its files. */
const proveSpoiled = (options: Partial<PlanOptions>, spoil: (paths: readonly string[]) => void) =>
  withStaged(options, (paths, prove) => {
    spoil(paths)
    return prove()
  })

const bits = Array.from({ length: 12 }, (_, i) => 0x3c00 + i)
const external = { external: { location: 'w.data', offset: '5' } }
const models: readonly [name: string, weight: b.TensorParts, options: Partial<PlanOptions>, data: Uint8Array][] = [
  ['values in their places', { values: bits }, {}, new Uint8Array(0)],
  ['varints, another length', { type: 'FLOAT16', values: bits, storage: 'int32_data' }, {}, new Uint8Array(0)],
  ['copied data', external, {}, new Uint8Array(60).fill(7)],
  ['data of its own', external, { data: 'reference' }, new Uint8Array(60).fill(7)],
  ['data inside', external, { data: 'inline' }, new Uint8Array(60).fill(7)],
]

describe.each(models)('%s', (_, weight, options, data) => {
  const begin = () => {
    folder = b.folderOf({ 'm.onnx': b.linearModel({ weight, extra: [b.varint(4242, 7)] }), 'w.data': data })
  }

  test('what is written is proven', async () => {
    begin()
    const proof = await proveSpoiled(options, () => undefined)
    expect(proof).toMatchObject({ identicalOutside: true, difference: null, fills: [{ redrawn: true }] })
    expect(proof.fills[0]?.after).not.toEqual(proof.fills[0]?.before)
  })

  test('any one byte that is another is found', async () => {
    begin()
    const missed: string[] = []
    await withStaged(options, async (paths, prove) => {
      for (const path of paths) {
        const bytes = readFileSync(path)
        for (let at = 0; at < bytes.length; at++) {
          const spoilt = Uint8Array.from(bytes)
          spoilt[at] = (bytes[at] as number) ^ 1
          writeFileSync(path, spoilt)
          // a tag or a length that is wrong can make the model unreadable: refused as well
          const proof = await prove().catch((error: Error) => error.name === 'ReinitError')
          if (proof === false || (proof !== true && proof.identicalOutside && proof.fills[0]?.redrawn)) missed.push(`byte ${at} of ${path}`)
        }
        writeFileSync(path, bytes)
      }
    })
    expect(missed).toEqual([])
  })

  test('a file that is too short or too long is found', async () => {
    begin()
    const cut = await proveSpoiled(options, ([path]) => truncateSync(path as string, 10)).catch((e: Error) => e.message)
    expect(typeof cut === 'string' ? cut : cut.difference).toMatch(/has 10 bytes instead of \d+|^not a valid ONNX file|ends|needs bytes/)
    const grown = await proveSpoiled(options, ([path]) => writeFileSync(path as string, Uint8Array.of(0), { flag: 'a' })).catch(
      (e: Error) => e.message,
    )
    expect(typeof grown === 'string' ? grown : grown.difference).toMatch(/has \d+ bytes instead of \d+|^not a valid ONNX file/)
  })
})

test('the difference is told by file, byte and both values', async () => {
  folder = b.folderOf({ 'm.onnx': b.linearModel() })
  const proof = await proveSpoiled({}, ([path]) => {
    const bytes = readFileSync(path as string)
    bytes[3] = 255
    writeFileSync(path as string, bytes)
  })
  const was = readFileSync(join(folder, 'm.onnx'))[3]
  expect(proof.difference).toBe(`byte 3 of out.onnx is 255 instead of ${was}`)
})

test('an input that changes meanwhile is an error', async () => {
  folder = b.folderOf({ 'm.onnx': b.linearModel() })
  const change = () => utimesSync(join(folder, 'm.onnx'), 1, 1)
  await expect(proveSpoiled({}, change)).rejects.toThrow(/m\.onnx changed while it was read: it was written to at 1970-/)
})

test('old values that are not finite are told as they are', async () => {
  folder = b.folderOf({ 'm.onnx': b.linearModel({ weight: { values: Array(12).fill(Number.NaN) } }) })
  const proof = await proveSpoiled({}, () => undefined)
  expect(proof.fills[0]?.before?.mean).toBeNaN()
  expect(proof.fills[0]?.after.mean).not.toBeNaN()
})
