import type { Cursor } from '../../bytes/wire.js'
import type { Elements, Frame, StorageField, Tensor } from '../../types.js'
import { dataTypes } from '../values/dataTypes.js'
import type { Names } from './names.js'

/** What tensors of one kind in one message have in common. */
interface Form extends Pick<Tensor, 'graph' | 'owner' | 'dataType' | 'dims' | 'elementCount'> {
  readonly names: Names
  readonly field: StorageField
  readonly varints: boolean
  /** Of the values. */
  readonly byteLength: number
  readonly parent: Frame
}

/** A tensor whose values are one run in its message, as most are: a few numbers, from which what is asked for is made. */
export class StoredTensor implements Tensor {
  constructor(
    private readonly form: Form,
    readonly nameNumber: number,
    private readonly lengthStart: number,
    readonly at: number,
    private readonly end: number,
    private readonly valuesLengthStart: number,
    private readonly valuesStart: number,
    private readonly valuesEnd: number,
  ) {}
  get name() {
    return this.form.names.text(this.nameNumber)
  }
  get graph() {
    return this.form.graph
  }
  get owner() {
    return this.form.owner
  }
  get dataType() {
    return this.form.dataType
  }
  get dims() {
    return this.form.dims
  }
  get elementCount() {
    return this.form.elementCount
  }
  get elements() {
    const { field, varints } = this.form
    const [start, end] = [this.valuesStart, this.valuesEnd]
    const frame = { parent: this.frame, lengthStart: this.valuesLengthStart, start, end }
    return { kind: 'stored' as const, field, ranges: [{ file: '', start, end, frame }], varints }
  }
  get frame(): Frame {
    return { parent: this.form.parent, lengthStart: this.lengthStart, start: this.at, end: this.end }
  }
  get external() {
    return null
  }
  get denseDims() {
    return null
  }
}

/** The tensor with changes: what a stored one makes when asked is no property of its own, and would be lost in a spread. */
export function changedTensor(tensor: Tensor, changes: Partial<Tensor>): Tensor {
  const { name, graph, owner, dataType, dims, elementCount, elements, frame, external, denseDims, at } = tensor
  return { name, graph, owner, dataType, dims, elementCount, elements, frame, external, denseDims, at, ...changes }
}

/** Forms that are at hand: models have few. A power of two. */
const AT_HAND = 1 << 8
/** Axes of a tensor whose form is looked for. */
const AXES = 8
/** TensorProto.raw_data. */
const RAW_DATA = 9

/** Makes initializers small where they can be. */
export class TensorForms {
  private readonly forms = new Map<string, Form>()
  /** The last one for each hash of dims. */
  private readonly atHand: (Form | null)[] = Array<null>(AT_HAND).fill(null)
  private readonly dims = new Float64Array(AXES)
  constructor(private readonly names: Names) {}

  /**
   * The tensor of a message that has a name, and else what one had before that was judged: it need not be judged again, which is most of the
   * time that a model of many tensors takes. null where any of it is another way.
   */
  like(c: Cursor): StoredTensor | null {
    let rank = 0
    let code = 0
    let nameStart = 0
    let nameEnd = 0
    let lengthStart = 0
    let start = -1
    let end = 0
    while (c.next()) {
      if (c.field === 1) {
        rank = this.readDims(c, rank)
        if (rank > AXES) return null
      } else if (c.field === 2 && c.wireType === 0) code = c.unsigned()
      else if (c.field === 8 && c.wireType === 2) {
        nameStart = c.start
        nameEnd = c.end
      } else if (c.field === RAW_DATA && c.wireType === 2) {
        lengthStart = c.lengthStart
        start = c.start
        end = c.end
      } else return null
    }
    if (nameStart === nameEnd || start < 0) return null
    const form = this.atHand[this.placeOf(this.dims, rank)]
    if (!form || form.parent !== c.parent || form.dataType !== dataTypes[code]?.[0] || form.field !== 'raw_data') return null
    if (form.byteLength !== end - start || form.dims.length !== rank) return null
    for (let i = 0; i < rank; i++) if (form.dims[i] !== this.dims[i]) return null
    const name = this.names.intern(c.window, nameStart, nameEnd)
    return this.names.isEmpty(name) ? null : new StoredTensor(form, name, c.lengthAt, c.from, c.to, lengthStart, start, end)
  }

  /** Behind `rank` others; how many there are then, more than AXES where these are no dims that a form can have. */
  private readDims(c: Cursor, rank: number): number {
    let count = rank
    let value = 0
    let scale = 1
    for (let at = c.start; at < c.end; at++) {
      const byte = c.window.byte(at)
      value += (byte & 127) * scale
      scale *= 128
      if (byte > 127) continue
      if (count === AXES) return AXES + 1
      this.dims[count++] = value
      value = 0
      scale = 1
    }
    return scale === 1 && (c.wireType === 0 || c.wireType === 2) ? count : AXES + 1
  }

  compact(tensor: Tensor, name: number): Tensor {
    const { elements, frame, external, owner } = tensor
    const [values, ...more] = elements.kind === 'stored' && external === null ? elements.ranges : []
    if (owner !== 'initializer' || !values || more.length > 0 || values.frame?.start !== values.start) return tensor
    const { lengthStart, start, end } = values.frame
    const form = this.formOf(tensor, end - start)
    this.atHand[this.placeOf(form.dims, form.dims.length)] = form
    return new StoredTensor(form, name, frame.lengthStart, frame.start, frame.end, lengthStart, start, end)
  }

  private formOf({ graph, owner, dataType, dims, elementCount, elements, frame }: Tensor, byteLength: number): Form {
    const { field, varints } = elements as Extract<Elements, { kind: 'stored' }>
    const parent = frame.parent as Frame
    const key = `${parent.start} ${dataType} ${field} ${dims.join()}`
    const known = this.forms.get(key)
    if (known) return known
    const form = { names: this.names, graph, owner, dataType, dims, elementCount, field, varints, byteLength, parent }
    this.forms.set(key, form)
    return form
  }

  private placeOf(dims: ArrayLike<number>, rank: number): number {
    let hash = rank
    for (let i = 0; i < rank; i++) hash = Math.imul(hash ^ (dims[i] as number), 0x9e3779b1)
    return (hash ^ (hash >>> 16)) & (AT_HAND - 1)
  }
}
