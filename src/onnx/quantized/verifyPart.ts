import { createHash } from 'node:crypto'
import { check } from '../../init/check.js'
import type { Fill } from '../../init/fill.js'
import { measure } from '../../init/measure.js'
import { halfGap, type Steps } from '../../init/quantize.js'
import { accumulate } from '../../init/statistics.js'
import type { Check, Moments, PlannedFill, Quantization, QuantizedPart, Tensor, VerifiedFill } from '../../types.js'
import { elementReader, storedUnits } from '../values/readValues.js'
import { packer } from './packing.js'
import type { IntegerPart, PartPass } from './partPass.js'
import { dequantizedReader, momentsOf, type Open, packingOf, readNumbers, readZeros } from './steps.js'

/** The input's and the output's bytes, and the output's account of a tensor of the input. */
export interface Versions {
  readonly before: Open
  readonly after: Open
  written(this: void, tensor: Tensor): Tensor
}

/** What rounds to a code lies half a step from it at most; double arithmetic adds a little. */
const HALF_STEP = 0.5 + 1e-9
/** Share of saturated integers that is still a rounding matter. */
const MOST_SATURATED = 0.005
/** How far quantization may take the deviation of the values from that of what was drawn, and from how many values on that can be told. */
const DEVIATION = 0.03
const FEWEST = 256

/**
 * Proves a part of a quantized weight: its bytes are those of a second draw; of integers the draw passes the tests of its distribution, and
 * what the output's integers, scales and zero points say is the draw, to half a step.
 */
export async function verifyPart(
  fill: PlannedFill,
  part: QuantizedPart,
  make: (fill: PlannedFill) => Fill,
  parts: PartPass,
  versions: Versions,
  pace: (bytes: number) => Promise<void>,
): Promise<VerifiedFill> {
  if (part.kind === 'integers') return verifyIntegers(fill, part, make, parts, versions, pace)
  const { tensor } = fill.weight
  const now = versions.written(tensor)
  const read = elementReader(now, versions.after)
  const bytes = Uint8Array.from(read(0, storedUnits(now).count))
  const moments = (version: Tensor, open: Open): Moments => {
    const numbers = part.kind === 'scales' ? readNumbers(version, open) : readZeros(part.codes.quantization, version, open)
    const all = measure()
    all.add(numbers)
    return all.finish()
  }
  const redrawn = Buffer.compare(bytes, Buffer.concat([...parts.units(fill, part)])) === 0
  await pace(bytes.length)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { before: moments(tensor, versions.before), after: moments(now, versions.after), checks: [], sha256, redrawn }
}

async function verifyIntegers(
  fill: PlannedFill,
  part: IntegerPart,
  make: (fill: PlannedFill) => Fill,
  parts: PartPass,
  { before, after, written }: Versions,
  pace: (bytes: number) => Promise<void>,
): Promise<VerifiedFill> {
  const { tensor } = fill.weight
  const { quantization } = part.codes
  const [now, count] = [written(tensor), fill.target.elementCount]
  const read = elementReader(now, after)
  const values = dequantizedReader(now, movedTo(quantization, written), after)
  const steps = parts.steps(part)
  const pack = packer(packingOf(tensor, quantization), quantization.zero)
  const tests = drawnTests(fill, part, make)
  const [drawn, dequantized] = [measure(), measure()]
  const hash = createHash('sha256')
  let [redrawn, saturated, unit, farthest] = [true, 0, 0, 0]
  for (const chunk of parts.chunks(fill, part, steps)) {
    tests?.add(chunk.drawn)
    const expected = pack(chunk.codes)
    const bytes = read(unit, unit + expected.length / storedUnits(now).byteLength)
    unit += expected.length / storedUnits(now).byteLength
    redrawn &&= Buffer.compare(bytes, expected) === 0
    hash.update(bytes)
    const is = values(chunk.start, chunk.start + chunk.values.length)
    farthest = Math.max(farthest, farthestOf(steps, chunk.values, chunk.codes, chunk.indices, is))
    saturated += chunk.saturated
    drawn.add(chunk.values)
    dequantized.add(is)
    await pace(bytes.length)
  }
  const [should, is] = [drawn.finish(), dequantized.finish()]
  const share = count === 0 ? 0 : saturated / count
  const checks: Check[] = [
    ...(tests?.finish().checks ?? []),
    check('rounding', farthest, HALF_STEP),
    check('saturation', share, MOST_SATURATED),
    ...(count >= FEWEST && should.std > 0 && part.values === 'drawn'
      ? [check('deviation', Math.abs(is.std / should.std - 1), DEVIATION)]
      : []),
  ]
  return { before: momentsOf(tensor, quantization, before), after: is, checks, sha256: hash.digest('hex'), redrawn, saturated: share }
}

function drawnTests(fill: PlannedFill, part: IntegerPart, make: (fill: PlannedFill) => Fill) {
  if (part.values !== 'drawn') return null
  const { distribution, structure } = make(fill)
  return accumulate(distribution, fill.target.dataType, fill.target.elementCount, structure)
}

/** The same account, of the output's tensors. */
const movedTo = (q: Quantization, written: (tensor: Tensor) => Tensor): Quantization => ({
  ...q,
  scales: q.scales.map(written),
  zeroPoints: q.zeroPoints.map(written),
  products: q.products.map(written),
})

/** The largest |dequantized − drawn| in steps; codes at the ends may be saturated and don't count. */
function farthestOf(
  { type, limits, scales }: Steps,
  drawn: ArrayLike<number>,
  codes: Int32Array,
  indices: Uint32Array,
  is: Float64Array,
): number {
  let farthest = 0
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number
    const value = type.values === null ? code : (type.values[code] as number)
    if (value <= limits.least || value >= limits.greatest) continue
    const step = (scales[scales.length === 1 ? 0 : (indices[i] as number)] as number) * 2 * halfGap(type, code)
    const distance = Math.abs((is[i] as number) - (drawn[i] as number)) / step
    if (!(distance <= farthest)) farthest = distance
  }
  return farthest
}
