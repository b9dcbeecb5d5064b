import { invalid, ReinitError } from '../errors.js'
import { codeTypes } from '../init/codeTypes.js'
import { makeFill } from '../init/makeFill.js'
import { scaleCount } from '../init/quantize.js'
import { resolveInitializer } from '../init/resolveInitializer.js'
import { isFloatType } from '../onnx/values/dataTypes.js'
import { rowBytes } from '../onnx/quantized/packing.js'
import { packingOf, zeroPacking } from '../onnx/quantized/steps.js'
import { storedUnits } from '../onnx/values/readValues.js'
import { choices } from '../reports.js'
import type { Codes, FillTarget, FloatType, PlannedDraw, QuantizedGroup, Quantization, Tensor, Weight } from '../types.js'
import { has, type Json, key, list, number, oneOf, text, whole } from './json.js'
import { MAX_SCALES, MAX_WHOLE_ELEMENTS, matrixInitializers, plainInitializers, wholeInitializers } from './skeletonRecipe.js'

const MAX = Number.MAX_SAFE_INTEGER

/**
 * A draw of a skeleton's recipe, as a plan has it.
 * @throws ReinitError `invalid` where it is no draw, or asks for more than a skeleton may.
 */
export function readDraw(json: Json, tensor: Tensor, seed: string, dims: readonly number[], dataType: FloatType): PlannedDraw {
  const init = key(json, 'init')
  const target: FillTarget = {
    ...targetOf(json, dims),
    dims,
    elementCount: dims.reduce((n, d) => n * d, 1),
    dataType,
    opType: '',
    activation: null,
    ...streamOf(json),
  }
  const [name = ''] = text(init).split(':')
  if (!(has(json, 'matrices') ? matrixInitializers : plainInitializers).has(name))
    throw invalid(`The skeleton's recipe is not one: ${init.at} ${JSON.stringify(name)} is nothing that a skeleton may draw.`)
  // before the rule is asked, which lists rows and columns
  if (wholeInitializers.has(name) && target.elementCount > MAX_WHOLE_ELEMENTS)
    throw invalid(`The skeleton's recipe asks for ${name} of ${target.elementCount} elements: at most ${MAX_WHOLE_ELEMENTS} are drawn.`)
  const { initializer, gain, distribution, why } = sayingWhere(init.at, () =>
    makeFill(resolveInitializer(text(init)), target, BigInt(seed)),
  )
  return { weight: weightOf(tensor), target, initializer, gain, distribution, seed, rng: 'philox', why }
}

function streamOf(json: Json): Pick<FillTarget, 'name' | 'scope' | 'stream'> {
  const textOf = (name: string) => (has(json, name) ? text(key(json, name)) : '')
  if (!has(json, 'stream')) return { name: textOf('name'), scope: textOf('scope') }
  const words = text(key(json, 'stream'), /^[0-9a-f]{16}$/, '16 hexadecimal digits')
  return { name: words, scope: '', stream: [Number.parseInt(words.slice(0, 8), 16), Number.parseInt(words.slice(8), 16)] }
}

function targetOf(json: Json, dims: readonly number[]): Pick<FillTarget, 'fan' | 'layout' | 'groups' | 'stacked' | 'role' | 'matrices'> {
  if (!has(json, 'matrices')) return { fan: null, layout: [], groups: 1, stacked: 1, role: 'weight' }
  const of = key(json, 'matrices')
  const fan = key(of, 'fan')
  const layout = list(key(of, 'layout')).map((axis) => oneOf(axis, ['in', 'out', 'spatial', 'batch'] as const))
  if (layout.length !== 0 && layout.length !== dims.length)
    throw invalid(`The skeleton's recipe names ${layout.length} axes in ${of.at}, and the tensor has ${dims.length}.`)
  return {
    fan: fan.value === null ? null : fanOf(list(fan)),
    layout,
    groups: whole(key(of, 'groups'), 1, MAX),
    stacked: whole(key(of, 'stacked'), 1, MAX),
    role: oneOf(key(of, 'role'), choices.roles),
    ...(has(of, 'widths') && {
      matrices: list(key(of, 'widths')).map((entry) => {
        const [width, ...fans] = list(entry)
        return { width: whole(width ?? { ...entry, value: undefined }, 1, MAX), fan: fanOf(fans) }
      }),
    }),
  }
}

const fanOf = ([fanIn, fanOut]: readonly Json[]) => ({ fanIn: fanNumber(fanIn), fanOut: fanNumber(fanOut) })

/** Of `--fan effective`, a fan may be no whole number. */
function fanNumber(json: Json | undefined): number {
  const fan = json ? number(json) : 0
  if (!(fan > 0)) throw invalid(`The skeleton's recipe has a fan of ${fan} in ${json?.at ?? 'a list that is too short'}.`)
  return fan
}

/** An initializer's complaint is the file's fault, and none of the command line. */
function sayingWhere<T>(at: string, job: () => T): T {
  try {
    return job()
  } catch (error) {
    throw error instanceof ReinitError ? invalid(`The skeleton's recipe is not one: ${at}: ${error.message}`) : error
  }
}

/** What codes the integers of a tensor are. `tensorOf`: a stored tensor by its number. */
export function readCodes(json: Json, tensorOf: (json: Json) => Tensor): Codes {
  const codeType = text(key(json, 'type'))
  const type = Object.hasOwn(codeTypes, codeType) ? codeTypes[codeType] : undefined
  if (!type) throw invalid(`The skeleton's recipe has codes of type ${JSON.stringify(codeType)}, which are not known.`)
  const code = (name: string) => whole(key(json, name), Math.ceil(type.least), Math.floor(type.greatest))
  const dims = list(key(json, 'dims')).map((d) => whole(d, 1, MAX))
  const blocks = list(key(json, 'blocks')).map((b) => whole(b, 1, MAX))
  const quantization: Quantization = {
    scales: [],
    zeroPoints: has(json, 'zeroPoints') ? [tensorOf(key(json, 'zeroPoints'))] : [],
    codeType,
    dims,
    blocks,
    packing: oneOf(key(json, 'packing'), ['plain', 'nbits', 'bytes', 'floats'] as const),
    zero: has(json, 'padding') ? whole(key(json, 'padding'), -MAX, MAX) : 0,
    products: [],
    factor: 1,
    reads: [],
    limits: null,
    fixed: null,
  }
  if (dims.length !== blocks.length || scaleCount(quantization) > MAX_SCALES)
    throw invalid(
      `The skeleton's recipe has ${dims.length} dims, ${blocks.length} blocks and ${scaleCount(quantization)} scales in ${json.at}.`,
    )
  const zero = key(json, 'zero').value === null ? null : code('zero')
  // of floats of few bits the ends may be no whole numbers
  const end = type.values === null ? code : (name: string) => number(key(json, name))
  const codes = { quantization, zero, least: end('least'), greatest: end('greatest') }
  if (!(codes.least <= codes.greatest)) throw invalid(`The skeleton's recipe has no codes from ${codes.least} to ${codes.greatest}.`)
  return codes
}

/** Integers fill their tensor to the byte. */
export function refuseMisfit(tensor: Tensor, { quantization }: Codes): void {
  const { dims, packing } = quantization
  const { byteLength, count } = storedUnits(tensor)
  const lie = packingOf(tensor, quantization)
  const elements = dims.reduce((n, d) => n * d, 1)
  const bytes = packing === 'floats' ? count * byteLength : (elements / lie.row) * rowBytes(lie)
  if (bytes !== count * byteLength || (packing === 'floats') !== isFloatType(tensor.dataType))
    throw invalid(
      `The skeleton's recipe has codes of ${bytes} bytes for tensor ${JSON.stringify(tensor.name)}, which has ${count * byteLength}.`,
    )
}

/** Zero points are as many as their tensor holds, and whole. */
export function refuseOtherZeros(tensor: Tensor, { quantization, zero }: Codes): void {
  const { byteLength, count } = storedUnits(tensor)
  const lie = zeroPacking(quantization, tensor)
  const bytes = lie ? (scaleCount(quantization) / lie.row) * rowBytes(lie) : count * byteLength
  if (
    zero === null ||
    bytes !== count * byteLength ||
    count > MAX_SCALES ||
    !(isFloatType(tensor.dataType) || Object.hasOwn(codeTypes, tensor.dataType))
  )
    throw invalid(`The skeleton's recipe has ${bytes} bytes of zero points for tensor ${JSON.stringify(tensor.name)}.`)
}

/** Drawing asks for a weight's tensor alone: what operators make of it was in the recipe's making. */
export const weightOf = (tensor: Tensor): Weight => ({
  tensor,
  uses: [] as unknown as Weight['uses'],
  readers: [],
  head: false,
  role: 'weight',
  layer: tensor.name,
  fan: null,
  layout: [],
  activation: null,
  quantization: null,
})

/** Elements of a group that are held until all of its members are drawn. */
export const wholeElements = (members: QuantizedGroup['members']): number =>
  members.reduce((n, { draw }) => n + (wholeInitializers.has(draw.initializer.name) ? draw.target.elementCount : 0), 0)
