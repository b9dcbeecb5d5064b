import type { Elements, Frame, StorageField, Tensor } from '../types.js'
import type { Names } from './names.js'

/** What tensors of one kind in one message have in common. */
interface Form extends Pick<Tensor, 'graph' | 'owner' | 'dataType' | 'dims' | 'elementCount'> {
  readonly names: Names
  readonly field: StorageField
  readonly varints: boolean
  readonly parent: Frame
}

/** A tensor whose values are one run in its message, as most are: a few numbers, from which what is asked for is made. */
export class StoredTensor implements Tensor {
  constructor(
    private readonly form: Form,
    private readonly nameNumber: number,
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

/** Makes initializers small where they can be. */
export class TensorForms {
  private readonly forms = new Map<string, Form>()
  constructor(private readonly names: Names) {}

  compact(tensor: Tensor, name: number): Tensor {
    const { elements, frame, external, owner } = tensor
    const [values, ...more] = elements.kind === 'stored' && external === null ? elements.ranges : []
    if (owner !== 'initializer' || !values || more.length > 0 || values.frame?.start !== values.start) return tensor
    const { lengthStart, start, end } = values.frame
    return new StoredTensor(this.formOf(tensor), name, frame.lengthStart, frame.start, frame.end, lengthStart, start, end)
  }

  private formOf({ graph, owner, dataType, dims, elementCount, elements, frame }: Tensor): Form {
    const { field, varints } = elements as Extract<Elements, { kind: 'stored' }>
    const parent = frame.parent as Frame
    const key = `${parent.start} ${dataType} ${field} ${dims.join()}`
    const known = this.forms.get(key)
    if (known) return known
    const form = { names: this.names, graph, owner, dataType, dims, elementCount, field, varints, parent }
    this.forms.set(key, form)
    return form
  }
}
