import { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import { ReinitError } from '../errors.js'
import { type AttributeDraft, readAttribute } from '../onnx/read/readAttribute.js'
import { draftTensor, finishTensor, type TensorDraft } from '../onnx/read/readTensor.js'
import type { Frame, Model, Tensor } from '../types.js'

/** Numbers that a model holds, wherever: what readModel lists, and what stands in attributes, sparse tensors and training graphs. */
export interface Held {
  readonly tensor: Tensor
  /** Of ai.onnx.ml: operators whose attributes are what they learned, however short. */
  readonly isLearned: boolean
}

export interface HeldValues {
  readonly values: readonly Held[]
  /** Tensors that contradict themselves, and why. */
  readonly broken: readonly { readonly name: string; readonly why: string }[]
}

/** Floats of an attribute that can be a tensor's worth; shorter lists are settings, but for ai.onnx.ml. */
const FEWEST_FLOATS = 8

/**
 * Every tensor and list of floats of a model, in file order. What readModel does not list is found by a walk of its own, over every message
 * that can hold one: nothing that is in the file as numbers is overlooked for what reads it.
 */
export function heldValues(model: Model): HeldValues {
  const values: Held[] = model.tensors.map((tensor) => ({ tensor, isLearned: false }))
  const known = new Set(model.tensors.map((t) => t.at))
  const broken: { name: string; why: string }[] = []
  const window = new Window(model.source)
  const at = (frame: Frame) => new Cursor(window, frame)

  const add = (draft: TensorDraft, name: string, isLearned: boolean) => {
    if (known.has(draft.frame.start)) return
    try {
      values.push({ tensor: finishTensor(draft, draft.name || name, model.graph, 'constant'), isLearned })
    } catch (error) {
      if (!(error instanceof ReinitError)) throw error
      broken.push({ name: draft.name || name, why: error.message })
    }
  }

  const attribute = (
    { attribute: { name, floatCount = 0 }, tensor, others, graphs, floats, frame }: AttributeDraft,
    label: string,
    isLearned: boolean,
  ) => {
    const full = `${label}.${name}`
    if (tensor) add(tensor, full, isLearned)
    for (const other of others) add(other, full, isLearned)
    if (floats.length > 0 && (isLearned || floatCount >= FEWEST_FLOATS) && !known.has(frame.start))
      values.push({
        isLearned,
        tensor: {
          name: full,
          graph: model.graph,
          owner: 'constant',
          dataType: 'FLOAT',
          dims: [floatCount],
          elementCount: floatCount,
          elements: { kind: 'stored', field: 'value_floats', ranges: floats, varints: false },
          frame,
          external: null,
          denseDims: null,
          at: frame.start,
        },
      })
    for (const parts of graphs) for (const part of parts) graph(at(part))
  }

  const node = (c: Cursor) => {
    let [name, opType, domain, output] = ['', '', '', '']
    const drafts: AttributeDraft[] = []
    while (c.next()) {
      if (c.field === 2) output ||= c.string()
      else if (c.field === 3) name = c.string()
      else if (c.field === 4) opType = c.string()
      else if (c.field === 5) drafts.push(readAttribute(c.message()))
      else if (c.field === 7) domain = c.string()
    }
    for (const draft of drafts) attribute(draft, name || output || opType, domain === 'ai.onnx.ml')
  }

  const sparse = (c: Cursor) => {
    while (c.next()) if (c.field === 1 || c.field === 2) add(draftTensor(c.message()), 'sparse_tensor', false)
  }

  const graph = (c: Cursor) => {
    while (c.next()) {
      if (c.field === 1) node(c.message())
      else if (c.field === 5) add(draftTensor(c.message()), 'initializer', false)
      else if (c.field === 15) sparse(c.message())
    }
  }

  for (const c = at({ parent: null, lengthStart: 0, start: 0, end: model.byteLength }); c.next(); ) {
    if (c.field === 7) graph(c.message())
    // TrainingInfoProto: initialization, algorithm
    else if (c.field === 20) {
      for (const t = c.message(); t.next(); ) if (t.field === 1 || t.field === 2) graph(t.message())
    } else if (c.field === 25)
      for (const f = c.message(); f.next(); ) {
        if (f.field === 7) node(f.message())
        else if (f.field === 11) attribute(readAttribute(f.message()), 'function', false)
      }
  }
  values.sort((a, b) => a.tensor.at - b.tensor.at)
  return { values, broken }
}
