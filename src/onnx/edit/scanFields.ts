import { Window } from '../../bytes/source.js'
import { Cursor } from '../../bytes/wire.js'
import type { Frame, FramedPatch, Model } from '../../types.js'

/** A field of a message: bytes [tagStart, end), its body from `start` on. */
export interface ScannedField {
  readonly number: number
  readonly tagStart: number
  readonly start: number
  readonly end: number
  /** Of the message that it is a field of. */
  readonly frame: Frame
  /** Of its body, where it is length-delimited. */
  readonly body: Frame | null
}

/** The fields of one message of the model's file, in order. */
export function scanFields(model: Model, frame: Frame): ScannedField[] {
  const fields: ScannedField[] = []
  for (const c = new Cursor(windowOf(model), frame); c.next(); )
    fields.push({
      number: c.field,
      tagStart: c.tagStart,
      start: c.start,
      end: c.end,
      frame,
      body: c.wireType === 2 ? c.message().frame : null,
    })
  return fields
}

/** The (possibly split) GraphProto: ModelProto.graph. */
export const graphParts = (model: Model): Frame[] =>
  scanFields(model, { parent: null, lengthStart: 0, start: 0, end: model.byteLength }).flatMap((f) =>
    f.number === 7 && f.body ? [f.body] : [],
  )

/** Bytes in place of a whole field; none take it away. */
export const replaceField = (
  { tagStart, end, frame }: Pick<ScannedField, 'tagStart' | 'end' | 'frame'>,
  bytes: Uint8Array,
): FramedPatch => ({
  start: tagStart,
  end,
  byteLength: bytes.length,
  content: { kind: 'bytes', bytes },
  frame,
})

export const insertBytes = (at: number, frame: Frame, bytes: Uint8Array): FramedPatch => ({
  start: at,
  end: at,
  byteLength: bytes.length,
  content: { kind: 'bytes', bytes },
  frame,
})

/** One window for all messages of a model: neighbours are read at once. */
function windowOf(model: Model): Window {
  const window = windows.get(model) ?? new Window(model.source)
  windows.set(model, window)
  return window
}
const windows = new WeakMap<Model, Window>()
