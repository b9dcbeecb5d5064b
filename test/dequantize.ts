// An account of quantized models of its own, that shares nothing with the code under test: values by operator, element by element.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import onnxProto from 'onnx-proto'

type TensorProto = onnxProto.onnx.ITensorProto
type NodeProto = onnxProto.onnx.INodeProto

/** A stored tensor: integers and floats as numbers, types below 8 bits unpacked, floats of 8 and 4 bits as their codes. */
export interface Numbers {
  readonly type: number
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

const widths: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 10: 2, 11: 8, 16: 2 }
const narrow: Readonly<Record<number, readonly [bits: number, signed: boolean]>> = {
  21: [4, false],
  22: [4, true],
  23: [4, false],
  25: [2, false],
  26: [2, true],
}

/** Every tensor of the main graph by name: initializers and Constant nodes. */
export function storedNumbers(path: string): Map<string, Numbers> {
  const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(path))
  const constants = (graph?.node ?? []).flatMap((n) =>
    n.opType === 'Constant' && n.attribute?.[0]?.t ? [[n.output?.[0] ?? '', n.attribute[0].t] as const] : [],
  )
  return new Map(
    [...(graph?.initializer ?? []).map((t) => [t.name ?? '', t] as const), ...constants].map(([name, t]) => [
      name,
      numbersOf(t, dirname(path)),
    ]),
  )
}

function numbersOf(t: TensorProto, folder: string): Numbers {
  const type = t.dataType ?? 0
  const dims = (t.dims ?? []).map(Number)
  const count = dims.reduce((n, d) => n * d, 1)
  if (t.floatData?.length) return { type, dims, values: t.floatData }
  const packed = narrow[type]
  const bytes = t.rawData?.length ? Buffer.from(t.rawData) : t.externalData?.length ? external(t, folder) : null
  if (bytes === null) {
    const ints = (t.int32Data?.length ? t.int32Data : (t.int64Data ?? [])).map(Number)
    return { type, dims, values: packed ? unpack(ints, ...packed, count) : type === 10 ? ints.map(half) : ints }
  }
  if (packed) return { type, dims, values: unpack([...bytes], ...packed, count) }
  const width = widths[type] ?? 1
  const read = (i: number): number => {
    switch (type) {
      case 1:
        return bytes.readFloatLE(i * 4)
      case 7:
        return Number(bytes.readBigInt64LE(i * 8))
      case 10:
        return half(bytes.readUInt16LE(i * 2))
      case 11:
        return bytes.readDoubleLE(i * 8)
      case 24:
        return 2 ** (bytes.readUInt8(i) - 127)
      case 3:
      case 5:
      case 6:
        return bytes.readIntLE(i * width, width)
      default:
        return bytes.readUIntLE(i * width, width)
    }
  }
  return { type, dims, values: Array.from({ length: count }, (_, i) => read(i)) }
}

function external(t: TensorProto, folder: string): Buffer {
  const entries = new Map((t.externalData ?? []).map((e) => [e.key, e.value]))
  const [start, length] = [Number(entries.get('offset') ?? 0), Number(entries.get('length'))]
  return readFileSync(join(folder, entries.get('location') as string)).subarray(start, start + length)
}

const unpack = (bytes: readonly number[], bits: number, signed: boolean, count: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    const code = ((bytes[Math.floor((i * bits) / 8)] as number) >> ((i * bits) % 8)) & (2 ** bits - 1)
    return signed && code >= 2 ** (bits - 1) ? code - 2 ** bits : code
  })

function half(code: number): number {
  const [sign, exponent, fraction] = [code & 0x8000 ? -1 : 1, (code >> 10) & 31, code & 1023]
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** E4M3FN and E2M1, the two that models use most. */
const floatCodes: Readonly<Record<number, (code: number) => number>> = {
  17: (c) => (c & 0x80 ? -1 : 1) * ((c >> 3) & 15 ? (1 + (c & 7) / 8) * 2 ** (((c >> 3) & 15) - 7) : (c & 7) * 2 ** -9),
  23: (c) => (c & 8 ? -1 : 1) * ([0, 0.5, 1, 1.5, 2, 3, 4, 6][c & 7] as number),
}

/** What the integers of each quantized parameter stand for, by the operator that takes it. */
export function dequantizedWeights(path: string): Map<string, number[]> {
  const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(path))
  const tensors = storedNumbers(path)
  const nodes = graph?.node ?? []
  const found = new Map<string, number[]>()
  for (const n of nodes) {
    const name = (i: number) => n.input?.[i] ?? ''
    const at = (i: number) => tensors.get(name(i))
    const put = (input: number, values: number[]) => void found.set(name(input), values)
    const affine = (w: number, s: number, z: number, axis: number) => {
      const [weight, scale] = [at(w), at(s)]
      if (weight && scale) put(w, byAxis(weight, scale, at(z), axis, 0))
    }
    const int = (key: string, missing: number) => Number(n.attribute?.find((a) => a.name === key)?.i ?? missing)
    const transposed = int('transB', 0) === 1
    switch (n.opType) {
      case 'DequantizeLinear':
        if (at(0) && at(1)) put(0, byAxis(at(0) as Numbers, at(1) as Numbers, at(2), int('axis', 1), int('block_size', 0)))
        else if (at(1)) {
          const turned = nodes.find((t) => t.opType === 'Transpose' && t.output?.[0] === name(0))?.input?.[0] ?? ''
          const stored = tensors.get(turned)
          if (stored) found.set(turned, byAxis(stored, at(1) as Numbers, at(2), 1 - int('axis', 1), 0))
        }
        break
      case 'QLinearConv':
        affine(3, 4, 5, 0)
        if (at(8)) put(8, times(at(8) as Numbers, at(1) as Numbers, at(4) as Numbers, 1))
        break
      case 'QGemm':
        affine(3, 4, 5, transposed ? 0 : 1)
        if (at(6)) put(6, times(at(6) as Numbers, at(1) as Numbers, at(4) as Numbers, n.attribute?.find((a) => a.name === 'alpha')?.f ?? 1))
        break
      case 'QLinearMatMul':
        affine(3, 4, 5, -1)
        break
      case 'QLinearAdd':
        for (const i of [0, 3]) affine(i, i + 1, i + 2, -1)
        break
      case 'MatMulIntegerToFloat':
        affine(1, 3, 5, -1)
        break
      case 'DynamicQuantizeMatMul':
        affine(1, 2, 3, -1)
        break
      case 'QAttention':
        affine(1, 4, 7, -1)
        break
      case 'DynamicQuantizeLSTM':
        for (const [i, s] of [
          [1, 8],
          [2, 10],
        ] as const)
          affine(i, s, s + 1, 0)
        break
      case 'MatMulInteger':
      case 'ConvInteger': {
        const scale = tensors.get(productScale(nodes, n, tensors))
        if (at(1) && scale) put(1, byAxis(at(1) as Numbers, scale, at(3), n.opType === 'ConvInteger' ? 0 : -1, 0))
        break
      }
      case 'MatMulNBits':
        put(1, nbits(at(1) as Numbers, at(2) as Numbers, at(3), int('N', 0), int('K', 0), int('bits', 4), int('block_size', 0)))
        break
      case 'GatherBlockQuantized':
        if (at(0))
          put(0, blockQuantized(at(0) as Numbers, at(2) as Numbers, at(3), int('bits', 4), int('quantize_axis', 1), int('block_size', 128)))
        break
      case 'Gather': {
        const reader = nodes.find((r) => r.opType === 'DequantizeLinear' && r.input?.[0] === n.output?.[0])
        const [scale, zero] = [1, 2].map((i) => tensors.get(reader?.input?.[i] ?? ''))
        if (at(0) && scale) put(0, byAxis(at(0) as Numbers, scale, zero, 0, 0))
      }
    }
  }
  return found
}

/** The stored factor of the Mul behind the Cast behind a product of integers. */
function productScale(nodes: readonly NodeProto[], n: NodeProto, tensors: ReadonlyMap<string, Numbers>): string {
  const reader = (name: string) => nodes.find((r) => r.input?.includes(name))
  const cast = reader(n.output?.[0] ?? '')?.output?.[0] ?? ''
  const other = reader(cast)?.input?.find((i) => i !== cast) ?? ''
  return tensors.has(other) ? other : (nodes.find((r) => r.output?.includes(other))?.input?.find((i) => tensors.has(i)) ?? '')
}

const of = ({ values }: Numbers, i: number) => values[values.length === 1 ? 0 : i] as number

/** DequantizeLinear by its definition: an element's scale is that of its place along `axis`, or of its block there. */
function byAxis(w: Numbers, s: Numbers, z: Numbers | undefined, axis: number, block: number): number[] {
  const along = axis < 0 ? axis + w.dims.length : axis
  const decode = floatCodes[w.type] ?? ((code: number) => code)
  return w.values.map((code, element) => {
    const place = coordinates(w.dims, element)
    let index = place[along] ?? 0
    if (block > 0) index = place.reduce((at, c, i) => at * (s.dims[i] as number) + (i === along ? Math.floor(c / block) : c), 0)
    // one scale a direction and output: the quantized LSTM
    else if (s.dims.length === 2 && w.dims.length === 3) index = (place[0] as number) * (s.dims[1] as number) + (place[2] as number)
    return (decode(code) - (z ? of(z, index) : 0)) * of(s, index)
  })
}

function coordinates(dims: readonly number[], element: number): number[] {
  const place: number[] = []
  let rest = element
  for (const d of [...dims].reverse()) {
    place.unshift(rest % d)
    rest = Math.floor(rest / d)
  }
  return place
}

const times = (b: Numbers, x: Numbers, w: Numbers, factor: number) => b.values.map((code, i) => code * of(x, 0) * of(w, i) * factor)

function nbits(b: Numbers, s: Numbers, z: Numbers | undefined, N: number, K: number, bits: number, block: number): number[] {
  const blocks = Math.ceil(K / block)
  const perByte = 8 / bits
  const code = (bytes: readonly number[], row: number, rowBytes: number, i: number) =>
    ((bytes[row * rowBytes + Math.floor(i / perByte)] as number) >> ((i % perByte) * bits)) & (2 ** bits - 1)
  return Array.from({ length: N * K }, (_, element) => {
    const [row, k] = [Math.floor(element / K), element % K]
    const at = row * blocks + Math.floor(k / block)
    const zero = !z
      ? 2 ** (bits - 1)
      : z.type === 2
        ? code(z.values, row, Math.ceil(blocks / perByte), Math.floor(k / block))
        : (z.values[at] as number)
    return (code(b.values, row, (blocks * block) / perByte, k) - zero) * (s.values[at] as number)
  })
}

function blockQuantized(d: Numbers, s: Numbers, z: Numbers | undefined, bits: number, axis: number, block: number): number[] {
  if (d.type !== 2) return byAxis(d, s, z, axis, block)
  const perByte = 8 / bits
  const dims = d.dims.map((size, i) => (i === d.dims.length - 1 ? size * perByte : size))
  const split = (n: Numbers): number[] =>
    n.values.flatMap((b) => Array.from({ length: perByte }, (_, i) => (b >> (i * bits)) & (2 ** bits - 1)))
  const zeros = z ? { type: 2, dims: s.dims, values: split(z) } : { type: 2, dims: [], values: [2 ** (bits - 1)] }
  return byAxis({ type: 2, dims, values: split(d) }, s, zeros, axis, block)
}
