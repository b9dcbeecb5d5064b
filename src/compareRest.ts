import { Window } from './bytes/source.js'
import type { ByteSource, Frame, Graph, Model, Tensor, TensorPair, TensorPairing } from './types.js'

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Whether everything that is no tensor's values is equal to the byte; null, or the first difference in words. What says where values are
 * (external_data entries) is part of the values. Where nothing has another place in the second file, every other byte is compared; where
 * values moved or changed their length, the fields that hold them and the lengths of the messages around them are left out as well.
 * Bytes of data files between tensors are compared where both files have the same layout.
 */
export function compareRest(models: readonly [Model, Model], pairing: TensorPairing): string | null {
  const [before, after] = models
  const cuts = models.map((model) => merged(model.tensors.flatMap((t) => valueSpans(t)))) as [Span[], Span[]]
  const isPaired = pairing.reshaped.size + pairing.alone[0].length + pairing.alone[1].length === 0
  const isAligned = isPaired && before.byteLength === after.byteLength && sameSpans(...cuts)
  const [a, b] = isAligned ? cuts : ([structuralCuts(before, pairing, 0), structuralCuts(after, pairing, 1)] as const)
  const found = firstDifference([before.source, a], [after.source, b])
  if (found) return inWords(models, found)
  return compareDataFiles(models, pairing.pairs)
}

/** Where a tensor's values are in the model, or the entries that say where they are. */
function valueSpans({ elements, external }: Tensor): Span[] {
  const values = elements.kind === 'stored' ? elements.ranges.filter((range) => range.file === '') : []
  return external ? [...values, ...external.fields.map(({ tagStart, end }) => ({ start: tagStart, end }))] : [...values]
}

/** Whole fields of values with their tags, the lengths of all messages around them, tensors that only one model has. */
function structuralCuts(model: Model, { reshaped, alone }: TensorPairing, side: 0 | 1): Span[] {
  const whole = new Set([...reshaped].map((pair) => (side === 0 ? pair.before : pair.after)))
  const own = new Set(alone[side])
  return merged(
    model.tensors.flatMap((tensor) => {
      const { frame, elements, owner } = tensor
      const lengths = framesAround(frame).map(({ lengthStart, start }) => ({ start: lengthStart, end: start }))
      // the tag of graph.initializer is one byte, as are those of all fields that hold values
      if (own.has(tensor) && owner === 'initializer') return [...lengths, { start: frame.lengthStart - 1, end: frame.end }]
      if (whole.has(tensor)) return [...lengths, { start: frame.start, end: frame.end }]
      const fields = elements.kind === 'stored' ? elements.ranges.filter((range) => range.file === '').map(fieldOf) : []
      return [...lengths, ...valueSpans(tensor), ...fields]
    }),
  )
}

/** The field around a run of values: its tag, its length where it has one, the run. */
function fieldOf(range: Span & { readonly frame: Frame | null }): Span {
  const { start, end, frame } = range
  return { start: (frame?.start === start ? frame.lengthStart : start) - 1, end }
}

/** A message and all around it but the model itself, which has no length. */
function framesAround(frame: Frame): Frame[] {
  const frames: Frame[] = []
  for (let f: Frame | null = frame; f?.parent; f = f.parent) frames.push(f)
  return frames
}

/** Sorted, without overlaps and empty ones. */
function merged(spans: Span[]): Span[] {
  const out: { start: number; end: number }[] = []
  for (const { start, end } of spans.sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = out.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else if (end > start) out.push({ start, end })
  }
  return out
}

const sameSpans = (a: readonly Span[], b: readonly Span[]) =>
  a.length === b.length && a.every(({ start, end }, i) => start === b[i]?.start && end === b[i]?.end)

/** Bytes compared at a time. */
const CHUNK = 1 << 18

interface Difference {
  /** Offsets in both files; the byte there, or undefined behind the end. */
  readonly at: readonly [number, number]
  readonly bytes: readonly [number | undefined, number | undefined]
}

/** The first difference of what two files hold outside their cuts, both read as one stream. */
function firstDifference(...sides: readonly [[ByteSource, readonly Span[]], [ByteSource, readonly Span[]]]): Difference | null {
  const [x, y] = sides.map(([source, cuts]) => ({ window: new Window(source), left: kept(cuts, source.byteLength) })) as [Side, Side]
  for (;;) {
    const [a, b] = [peek(x), peek(y)]
    const length = Math.min(a.end - a.start, b.end - b.start, CHUNK)
    if (length === 0) {
      if (a.end === a.start && b.end === b.start) return null
      return { at: [a.start, b.start], bytes: [byteAt(x, a), byteAt(y, b)] }
    }
    const p = x.window.slice(a.start, a.start + length)
    const q = y.window.slice(b.start, b.start + length)
    if (Buffer.compare(p, q) !== 0) {
      const i = p.findIndex((byte, k) => byte !== q[k])
      return { at: [a.start + i, b.start + i], bytes: [p[i], q[i]] }
    }
    a.start += length
    b.start += length
  }
}

interface Side {
  readonly window: Window
  /** What is left between the cuts, the last first; what is done is taken off the last one's start. */
  readonly left: { start: number; end: number }[]
}

function kept(cuts: readonly Span[], byteLength: number): { start: number; end: number }[] {
  const between = cuts.map(({ start }, i) => ({ start: cuts[i - 1]?.end ?? 0, end: start }))
  return [...between, { start: cuts.at(-1)?.end ?? 0, end: byteLength }].reverse()
}

/** The run that the stream is in; empty at the end of the file. */
function peek({ left }: Side): { start: number; end: number } {
  while (left.length > 1 && left.at(-1)?.start === left.at(-1)?.end) left.pop()
  return left.at(-1) as { start: number; end: number }
}

const byteAt = ({ window }: Side, { start, end }: Span) => (start < end ? window.byte(start) : undefined)

function inWords([before, after]: readonly [Model, Model], { at, bytes }: Difference): string {
  const side = (model: Model, i: 0 | 1) =>
    bytes[i] === undefined ? `${model.path} ends` : `byte ${at[i]} of ${model.path} is ${bytes[i]}${place(model, at[i])}`
  return `${side(before, 0)}, ${side(after, 1)}`
}

/** The innermost tensor or node whose message holds an offset. */
function place(model: Model, at: number): string {
  const holds = ({ frame }: { readonly frame: Frame }) => at >= frame.lengthStart && at < frame.end
  const tensor = model.tensors.find(holds)
  if (tensor) return ` (in tensor ${JSON.stringify(tensor.name)})`
  const graphs: Graph[] = [model.graph, ...model.functions.map((f) => f.body)]
  for (const graph of graphs) {
    const node = graph.nodes.find(holds)
    const inner = [...(node?.attributes.values() ?? [])].flatMap((attribute) => attribute.graphs ?? [])
    if (node && !inner.some((g) => g.nodes.some(holds))) return ` (in node ${JSON.stringify(node.name || `${node.opType}_${node.index}`)})`
    graphs.push(...inner)
  }
  return ''
}

/** Alignment and other bytes that no tensor owns, in data files that belong together and have one layout. */
function compareDataFiles([before, after]: readonly [Model, Model], pairs: readonly TensorPair[]): string | null {
  const together = new Map(
    pairs.flatMap(({ before: b, after: a }) => (b.external && a.external ? [[b.external.location, a.external.location]] : [])),
  )
  const [spansBefore, spansAfter] = [spansByFile(before), spansByFile(after)]
  for (const [from, to] of together) {
    const [x, y] = [before.open(from), after.open(to)]
    const cuts = merged(spansBefore.get(from) ?? [])
    if (x.byteLength !== y.byteLength || !sameSpans(cuts, merged(spansAfter.get(to) ?? []))) continue
    const found = firstDifference([x, cuts], [y, cuts])
    if (found)
      return `byte ${found.at[0]} of the data file ${from}, outside every tensor, is ${found.bytes[0]}, that of ${to} ${found.bytes[1]}`
  }
  return null
}

/** Where values are, by their file. */
function spansByFile({ tensors }: Model): Map<string, Span[]> {
  const spans = new Map<string, Span[]>()
  for (const { elements } of tensors)
    for (const range of elements.kind === 'stored' ? elements.ranges : []) {
      const list = spans.get(range.file)
      if (list) list.push(range)
      else spans.set(range.file, [range])
    }
  return spans
}
