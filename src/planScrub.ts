import { Window } from './bytes/source.js'
import { Cursor } from './bytes/wire.js'
import { field } from './onnx/edit/encodeFields.js'
import { replaceField } from './onnx/edit/scanFields.js'
import { type Dropped, messages, type NameKind, neededEntries, neededMetadata } from './scramble/messages.js'
import type { Frame, FramedPatch, Model, Tensor } from './types.js'

/** What goes from a model, and what gets another name. */
export interface PlannedScrub {
  readonly patches: readonly FramedPatch[]
  /** How many fields of each kind. */
  readonly dropped: Readonly<Partial<Record<Dropped, number>>>
}

export interface ScrubOptions {
  /** Tensors that go whole. */
  readonly removed: ReadonlySet<Tensor>
  /** The name in the place of one. */
  nameOf(this: void, kind: NameKind, name: string, node: number): string
  /** Entries of external data are replaced by the values. */
  readonly isInline: boolean
}

/** Everything that says where a model comes from, by the table of messages: whole fields go, names are replaced. */
export function planScrub(model: Model, { removed, nameOf, isInline }: ScrubOptions): PlannedScrub {
  const patches: FramedPatch[] = []
  const dropped: Partial<Record<Dropped, number>> = {}
  const frames = new Set([...removed].map((t) => t.frame.start))
  const names = new Set([...removed].map((t) => t.name))
  let gone: { start: number; end: number; frame: Frame } | null = null

  const flush = () => {
    if (gone) patches.push(replaceField({ tagStart: gone.start, end: gone.end, frame: gone.frame }, new Uint8Array(0)))
    gone = null
  }
  /** Neighbours go as one. */
  const drop = (c: Field, what: Dropped) => {
    dropped[what] = (dropped[what] ?? 0) + 1
    if (gone && gone.end === c.tagStart && gone.frame === c.frame) gone.end = c.end
    else {
      flush()
      gone = { start: c.tagStart, end: c.end, frame: c.frame }
    }
  }
  const rename = (c: Cursor, kind: NameKind) => {
    const old = c.string()
    const name = nameOf(kind, old, c.frame.start)
    if (name === old) return
    patches.push(replaceField({ tagStart: c.tagStart, end: c.end, frame: c.frame }, name === '' ? new Uint8Array(0) : field(c.field, name)))
  }

  visit(new Cursor(new Window(model.source), { parent: null, lengthStart: 0, start: 0, end: model.byteLength }), 'Model')
  flush()
  return { patches, dropped }

  /** `raw`: values that an earlier part of the same tensor gives. Of several the last count, and only those are drawn anew. */
  function visit(c: Cursor, type: string, raw: Field | null = null): Field | null {
    const rules = messages[type] ?? {}
    let part: Field | null = null
    while (c.next()) {
      if (c.field === RAW_DATA && isTensor(type)) {
        if (raw) drop(raw, 'superseded values')
        raw = { tagStart: c.tagStart, end: c.end, frame: c.frame }
      }
      const rule = rules[c.field] ?? { drop: 'unknown fields' as const }
      if (rule === 'keep') {
        if (c.field === EXTERNAL_DATA && isTensor(type) && !isInline && !neededEntries.has(keyOf(c))) drop(c, 'prepacked copies')
      } else if ('drop' in rule) {
        if (!(type === 'Model' && rule.drop === 'metadata entries' && neededMetadata.has(keyOf(c)))) drop(c, rule.drop)
      } else if ('name' in rule) rename(c, rule.name)
      else if (type === 'Graph' && isRemoved(c)) drop(c, 'unused tensors')
      else if (type === 'Attribute' && c.field === ONE_TENSOR) part = visit(c.message(), rule.message, part)
      else visit(c.message(), rule.message)
    }
    return raw
  }

  /** An initializer that goes, or what a graph declares of its value. */
  function isRemoved(c: Cursor): boolean {
    if (frames.size === 0) return false
    if (c.field === INITIALIZER) return frames.has(c.start)
    if (c.field === SPARSE) return inner(c, 1).some((start) => frames.has(start))
    return c.field === VALUE_INFO && names.has(nameIn(c))
  }
}

type Field = Pick<Cursor, 'tagStart' | 'end' | 'frame'>

/** AttributeProto.t. */
const ONE_TENSOR = 5
/** GraphProto's and TensorProto's. */
const [INITIALIZER, VALUE_INFO, SPARSE, EXTERNAL_DATA, RAW_DATA] = [5, 13, 15, 13, 9]

const isTensor = (type: string) => type === 'Tensor' || type === 'AttributeTensor'

function inner(c: Cursor, number: number): number[] {
  const starts: number[] = []
  for (const m = c.message(); m.next(); ) if (m.field === number) starts.push(m.start)
  return starts
}

function nameIn(c: Cursor): string {
  for (const m = c.message(); m.next(); ) if (m.field === 1) return m.string()
  return ''
}
/** StringStringEntryProto's key is its first field, as ValueInfoProto's name is. */
const keyOf = nameIn
