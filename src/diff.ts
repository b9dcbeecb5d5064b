import { pacer } from './bytes/pacer.js'
import { compareRest } from './compareRest.js'
import { compareTensors, momentsOf, type Open } from './compareTensors.js'
import { findWeights } from './findWeights.js'
import { tool } from './inspect.js'
import { namedTensors } from './names/namedTensors.js'
import { graphPlace } from './onnx/graphPlace.js'
import { modelFiles } from './onnx/external/modelFiles.js'
import { readModel } from './readModel.js'
import type { DiffOptions, DiffReport, ReportDifference } from './reports.js'
import type { Model, Tensor, TensorPair, TensorPairing } from './types.js'

/**
 * Which tensors of two models differ in values (byte for byte), shape or type, and whether everything that is no tensor's values is equal.
 * Constant memory: tensors are compared in chunks.
 * @throws ReinitError `io`, `invalid` where a file is no valid model, `usage` where a pattern of `only` matches nothing in either.
 */
export async function diff(before: string, after: string, options: DiffOptions = {}): Promise<DiffReport> {
  options.signal?.throwIfAborted()
  const a = openSide(before, options)
  try {
    const b = openSide(after, options)
    try {
      return await compare([a, b], options)
    } finally {
      b.close()
    }
  } finally {
    a.close()
  }
}

/** A model, and its files. */
interface Side {
  readonly model: Model
  readonly open: Open
  close(this: void): void
}

function openSide(path: string, options: DiffOptions): Side {
  const model = readModel(path, options)
  const files = modelFiles(model)
  return {
    model,
    open: files.open,
    close: () => {
      files.close()
      model.close()
    },
  }
}

async function compare(sides: readonly [Side, Side], options: DiffOptions): Promise<DiffReport> {
  const models = [sides[0].model, sides[1].model] as const
  const opens = [sides[0].open, sides[1].open] as const
  const { only } = options
  const [before, after] = models
  const weights = models.map((model) => findWeights(model).weights).flat()
  const layers = new Map(weights.map((w) => [w.tensor, w.layer]))
  const allowed = only && new Set(only.flatMap((pattern) => namedTensors(models, weights, pattern, '--only', 'either model').map(keyOf)))
  const isOutside = (tensor: Tensor) => !allowed?.has(keyOf(tensor))
  const { pairs, alone } = pair(before.tensors, after.tensors)
  const pace = pacer('compare', 2 * pairs.reduce((sum, p) => sum + storedLength(p.before), 0), options)
  const changed: ReportDifference[] = []
  const moved: DiffReport['moved'][number][] = []
  const reshaped = new Set<TensorPair>()
  for (const p of pairs) {
    const what = shapeOrType(p)
    if (what !== null) reshaped.add(p)
    const difference = what === null ? await compareTensors(opens, p, pace) : { differing: null, maxDifference: null }
    if (difference === null) {
      if (placeOf(p.before) !== placeOf(p.after)) moved.push({ name: p.after.name, before: placeOf(p.before), after: placeOf(p.after) })
      continue
    }
    const { name, graph, dataType, dims, elementCount } = p.after
    changed.push({
      name,
      layer: layers.get(p.after) ?? layers.get(p.before) ?? '',
      scope: graph.scope,
      what: what ?? 'values',
      outsideOnly: isOutside(p.after),
      dataType,
      shape: dims,
      elementCount,
      ...difference,
      before: await momentsOf(opens[0], p.before, pace),
      after: await momentsOf(opens[1], p.after, pace),
    })
  }
  const rest = compareRest(models, { pairs, reshaped, alone })
  const outside = changed.filter((c) => c.outsideOnly).length + alone.flat().filter(isOutside).length
  const [removed, added] = alone.map((tensors) => tensors.map((t) => t.name)) as [string[], string[]]
  const tensorCount = pairs.length + added.length
  return {
    schema: 1,
    tool,
    before: before.path,
    after: after.path,
    only: only ?? null,
    changed,
    added,
    removed,
    moved,
    restEqual: rest === null,
    rest,
    tensorCount,
    outside,
    equal: outside === 0 && rest === null,
  }
}

const keyOf = ({ graph, name }: Tensor) => `${graphPlace(graph)}\0${name}`

/** Tensors of one graph and name belong together; where several have them (overloads, nodes without names), in file order. */
function pair(before: readonly Tensor[], after: readonly Tensor[]): Omit<TensorPairing, 'reshaped'> {
  const waiting = new Map<string, Tensor[]>()
  for (const tensor of before) {
    const list = waiting.get(keyOf(tensor))
    if (list) list.push(tensor)
    else waiting.set(keyOf(tensor), [tensor])
  }
  const pairs: TensorPair[] = []
  const added: Tensor[] = []
  for (const tensor of after) {
    const like = waiting.get(keyOf(tensor))?.shift()
    if (like) pairs.push({ before: like, after: tensor })
    else added.push(tensor)
  }
  return { pairs, alone: [[...waiting.values()].flat(), added] }
}

/** null where both are the same. */
function shapeOrType({ before, after }: TensorPair): string | null {
  const [a, b] = [before.denseDims ?? before.dims, after.denseDims ?? after.dims]
  const parts = [
    before.dataType === after.dataType ? '' : `${before.dataType} → ${after.dataType}`,
    a.length === b.length && a.every((d, i) => d === b[i]) ? '' : `[${a.join(', ')}] → [${b.join(', ')}]`,
  ]
  return parts.filter((part) => part !== '').join(', ') || null
}

/** Where a tensor's values are, in words; the place within the model's file counts for nothing. */
function placeOf({ elements, external, owner }: Tensor): string {
  const place = external ? `${external.location} from byte ${external.offset}` : elements.field
  return owner === 'initializer' ? place : `${owner}, ${place}`
}

const storedLength = ({ elements }: Tensor) =>
  elements.kind === 'stored' ? elements.ranges.reduce((sum, { start, end }) => sum + end - start, 0) : 0
