import { existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ReinitError, usage } from './errors.js'
import { findWeights } from './findWeights.js'
import { initializerName, makeFill } from './init/initializers.js'
import { describeModel, describeSkipped, describeWeight, tool } from './inspect.js'
import { codecs, encodeValues } from './onnx/dataTypes.js'
import { readModel } from './readModel.js'
import { selectWeights } from './selectWeights.js'
import type { FloatType, Model, SelectionOptions, Weight } from './types.js'
import { type Overwrite, writeModel } from './writeModel.js'

export interface Options extends SelectionOptions {
  readonly init: string
  readonly gain?: number
  /** 0 … 2^64−1, default 0. */
  readonly seed?: string
  /** zeros (default), keep or a number. */
  readonly bias?: string
  readonly shared?: string
  readonly output?: string
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly verify?: boolean
}

/** What a role's tensors become when their layer is selected; weights take the initializer. */
const IDENTITY: Readonly<Record<string, number>> = { scale: 1, shift: 0, mean: 0, variance: 1 }
const CHUNK = 1 << 14

/**
 * Refills the selected tensors and writes the model beside; every other byte stays as it is.
 * @throws ReinitError `usage` or `conflict` before any work, `invalid`, `io` or `proof` with no output left behind.
 */
export function reinit(path: string, options: Options) {
  const name = initializerName(options.init)
  if (options.gain !== undefined && !Number.isFinite(options.gain)) throw usage('--gain must be a finite number.')
  const seed = readSeed(options.seed ?? '0')
  const output = options.output ?? `${path.replace(/\.onnx$/, '')}.reinit.onnx`
  if (resolve(output) === resolve(path)) throw usage(`The output is the input: ${path}. Give another name with -o.`)
  if (existsSync(output) && !options.overwrite) throw usage(`${output} exists: give --overwrite or another name with -o.`)
  if (!existsSync(dirname(resolve(output)))) throw usage(`The folder of ${output} does not exist.`)
  const model = readModel(path)
  try {
    const { weights, skipped } = findWeights(model)
    const selected = selectWeights(weights, options)
    refuseShared(selected, weights, options.shared === 'rewrite')
    const fills = [...selected].flatMap((w) => plan(w, name, options, seed) ?? [])
    refuseOverlaps(fills.flatMap((f) => f.overwrites))
    const keeps = (w: Weight) => !fills.some((f) => f.weight === w)
    const copies = planCopies(model, output, options.overwrite === true)
    const overwrites = fills.flatMap((f) => f.overwrites)
    for (const { from, to, file } of options.dryRun ? [] : copies) {
      mkdirSync(dirname(to), { recursive: true })
      writeModel(
        from,
        to,
        overwrites.filter((o) => o.file === file),
        options.verify !== false,
      )
    }
    const verified = options.dryRun || options.verify === false ? null : true
    return {
      schema: 1 as const,
      tool,
      input: path,
      output: options.dryRun ? null : output,
      model: describeModel(model),
      seed: String(seed),
      rng: 'philox' as const,
      changed: fills.map(({ weight, initializer, gain, expected }) => {
        const { name, layer, scope, role, dataType, shape, fanIn, fanOut } = describeWeight(weight, true)
        return { name, layer, scope, role, dataType, shape, fanIn, fanOut, initializer, gain, expected }
      }),
      skipped: skipped.map(describeSkipped),
      kept: options.all
        ? [
            ...skipped.map(describeSkipped),
            ...weights.filter(keeps).map((w) => ({
              name: w.tensor.name,
              reason: 'kept',
              detail: 'not selected, or --bias keep',
              elementCount: w.tensor.elementCount,
            })),
          ]
        : [],
      bytes: {
        changed: fills.reduce((n, f) => n + f.overwrites.reduce((m, o) => m + o.end - o.start, 0), 0),
        total: [...model.externalFiles.values()].reduce((n, f) => n + f.byteLength, model.byteLength),
        identicalOutside: verified,
      },
    }
  } finally {
    model.close()
  }
}

function readSeed(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n)
    throw usage(`--seed ${JSON.stringify(text)} is not a whole number from 0 to 2^64-1.`)
  return BigInt(text)
}

function refuseShared(selected: Set<Weight>, weights: readonly Weight[], rewrite: boolean): void {
  const layers = new Set([...selected].map((w) => w.layer))
  for (const w of rewrite ? [] : weights) {
    if (!selected.has(w)) continue
    const other = w.uses.find((u) => !layers.has(u.layer))?.layer ?? w.readers[0]?.opType
    if (other !== undefined)
      throw new ReinitError(
        'conflict',
        `Tensor ${JSON.stringify(w.tensor.name)} of ${w.layer} is also used by ${other}: select both, or give --shared rewrite.`,
      )
  }
}

/** The files to write, the model last; external data keeps its relative names, so it needs another folder. */
function planCopies(model: Model, output: string, overwrite: boolean) {
  const folder = dirname(resolve(output))
  if (model.externalFiles.size > 0 && folder === dirname(resolve(model.path)))
    throw usage(`${model.path} has external data, which would be overwritten in the same folder: give -o in another folder.`)
  const data = [...model.externalFiles.values()].map(({ location, path }) => ({ from: path, to: join(folder, location), file: location }))
  for (const { to } of data) {
    if (to === resolve(output)) throw usage(`${basename(output)} is the name of an external data file too: give another name with -o.`)
    if (existsSync(to) && !overwrite) throw usage(`${to} exists: give --overwrite or another folder with -o.`)
  }
  return [...data, { from: model.path, to: output, file: '' }]
}

function refuseOverlaps(overwrites: readonly Overwrite[]): void {
  const sorted = [...overwrites].sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1))
  sorted.forEach((o, i) => {
    const next = sorted[i + 1]
    if (next && next.file === o.file && next.start < o.end)
      throw new ReinitError('conflict', `Two selected tensors share the bytes from ${next.start}: refused.`)
  })
}

/** Which bytes get which values; null where the tensor keeps its own. */
function plan(weight: Weight, name: string, options: Options, seed: bigint) {
  const { tensor, role, fan } = weight
  if (role === 'bias' && options.bias === 'keep') return null
  if (tensor.elements.kind !== 'stored') return null
  const type = tensor.dataType as FloatType
  const target = {
    dims: tensor.dims,
    elementCount: tensor.elementCount,
    dataType: type,
    layout: weight.layout,
    activation: null,
    scope: tensor.graph.scope,
    name: tensor.name,
    seed,
  }
  const drawn = fan ? makeFill(name, { ...target, fan }, options.gain) : null
  const constant = role === 'bias' && options.bias !== undefined && options.bias !== 'zeros' ? Number(options.bias) : (IDENTITY[role] ?? 0)
  if (Number.isNaN(constant)) throw usage(`--bias ${JSON.stringify(options.bias)} is not zeros, keep or a number.`)
  const fill = drawn?.fill ?? ((out: Float32Array | Float64Array) => out.fill(constant))
  const { byteLength } = codecs[type]
  let first = 0
  const overwrites = tensor.elements.ranges.map(({ file, start, end }): Overwrite => {
    const base = first
    first += (end - start) / byteLength
    return { file, start, end, bytes: (from, to) => encodePart(type, byteLength, from, to, (out, at) => fill(out, base + at)) }
  })
  const initializer = drawn ? name : constant === 0 ? 'zeros' : constant === 1 ? 'ones' : 'constant'
  const { mean, std, min, max } = drawn?.distribution ?? { mean: constant, std: 0, min: constant, max: constant }
  return { weight, overwrites, initializer, gain: drawn?.gain ?? null, expected: { mean, std, min, max } }
}

/** Bytes [from, to) of a range, whatever the elements' borders. */
function encodePart(type: FloatType, width: number, from: number, to: number, fill: (out: Float32Array, at: number) => void): Uint8Array {
  const [low, high] = [Math.floor(from / width), Math.ceil(to / width)]
  const bytes = new Uint8Array((high - low) * width)
  for (let at = low; at < high; at += CHUNK) {
    const values = new Float32Array(Math.min(CHUNK, high - at))
    fill(values, at)
    bytes.set(encodeValues(type, values), (at - low) * width)
  }
  return bytes.subarray(from - low * width, to - low * width)
}
