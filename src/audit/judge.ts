import { codeTypes } from '../init/codeTypes.js'
import { isFloatType } from '../onnx/values/dataTypes.js'
import type { AuditClaims, DataType, Tensor } from '../types.js'
import { RUN } from './blocks.js'
import { fewValues, type InputFacts, inputFactsOf, isRound } from './facts.js'
import type { Open } from './heldNumbers.js'
import type { Held } from './heldValues.js'
import { mostBits } from './surprise.js'

/** A tensor of the input: what is compared, why it is not, or why it can't be. */
export type Judged =
  | { readonly kind: 'judged'; readonly facts: InputFacts }
  | { readonly kind: 'stays'; readonly tensor: Tensor; readonly reason: string }
  | { readonly kind: 'unread'; readonly tensor: Tensor; readonly reason: string }

/** log₂ of one in a million: what chance may do in the whole audit. */
export const CHANCE_BITS = 20

/** A float of single precision in a short list that nobody would have written by hand. */
const SHORT_BITS = 22
const NARROW_SHORT_BITS = 8

/** Types that numbers of a trained tensor have. INT32 only where it is a parameter: the bias of a quantized operator. */
export const isNumeric = (dataType: DataType, isParameter: boolean): boolean =>
  isFloatType(dataType) || dataType === 'FLOAT8E8M0' || (dataType === 'INT32' ? isParameter : codeTypes[dataType] !== undefined)

/** Whether two tensors of a type can be compared number by number. */
export const isComparable = ({ dataType, elements }: Tensor): boolean => isNumeric(dataType, true) && elements.kind === 'stored'

/** Which tensors of the input were learned. `enough`: bits that are as good as all. */
export async function judge(
  held: readonly Held[],
  claims: AuditClaims,
  open: Open,
  enough: number,
  pace: (bytes: number) => Promise<void>,
): Promise<Judged[]> {
  const parameters = new Set(claims.weights.map((w) => w.tensor.at))
  const reasons = new Map(claims.stays?.map((s) => [s.tensor.at, s.reason]))
  const fewest = CHANCE_BITS + Math.log2(Math.max(1, held.length))
  const judged: Judged[] = []
  for (const { tensor, isLearned } of held) {
    if (tensor.elementCount === 0) continue
    judged.push(judgeOne(tensor, isLearned || parameters.has(tensor.at), reasons.get(tensor.at), open, enough, fewest))
    await pace(4 * tensor.elementCount)
  }
  return judged
}

function judgeOne(tensor: Tensor, isParameter: boolean, claimed: string | undefined, open: Open, enough: number, fewest: number): Judged {
  const stays = (reason: string): Judged => ({ kind: 'stays', tensor, reason })
  if (claimed !== undefined) return stays(claimed)
  if (!isNumeric(tensor.dataType, isParameter)) return stays(otherTypes[tensor.dataType] ?? 'integers that steer the graph')
  if (tensor.elements.kind === 'unwritable') return { kind: 'unread', tensor, reason: tensor.elements.reason }
  const isShort = tensor.elementCount < RUN
  if (isShort && !isParameter) return stays(`fewer than ${RUN} values, in no weight slot: a constant of the architecture`)
  const facts = inputFactsOf(tensor, open, enough)
  if (facts.moments.min === facts.moments.max) return stays('one value, repeated: nothing learned')
  const bits = isShort ? shortBits(tensor, open) : facts.bits
  if (bits < (isShort ? CHANCE_BITS : fewest)) return stays(`says ${Math.floor(bits)} bits, no more than chance: few or round values`)
  return { kind: 'judged', facts: { ...facts, bits } }
}

const otherTypes: Readonly<Record<DataType, string | undefined>> = {
  STRING: 'text: labels, a vocabulary',
  BOOL: 'truth values that steer the graph',
  COMPLEX64: 'complex numbers: no parameters',
  COMPLEX128: 'complex numbers: no parameters',
}

/** Bits of a list shorter than a run: values that are round, or stand in it twice, say nothing. */
function shortBits(tensor: Tensor, open: Open): number {
  const { dataType } = tensor
  const each = dataType === 'FLOAT' || dataType === 'DOUBLE' ? SHORT_BITS : Math.min(NARROW_SHORT_BITS, mostBits(dataType))
  const values = new Set(fewValues(tensor, open))
  return each * [...values].filter((v) => each !== SHORT_BITS || !isRound(v, dataType)).length
}
