import { isFloatType } from '../onnx/values/dataTypes.js'
import { readInts } from '../onnx/read/readInts.js'
import { isReadable, readValues } from '../onnx/values/readValues.js'
import type { Attribute, Model, Node, Tensor } from '../types.js'
import { constantAt, resolveAttribute, type Scope } from './scope.js'
import { type Constant, sizeOf, soleTensor } from './view.js'

/** Values that are looked at to tell what a constant is. */
const MAX_LOOK = 4096

/** A node at one place of execution, with what the operator tables ask of it. */
export class Op {
  /** op_type with its domain: the key of the operator tables. */
  readonly key: string
  readonly opType: string
  readonly inputNames: readonly string[]
  /** By input; null where it is no constant. */
  readonly inputs: readonly (Constant | null)[]
  private attributes: ReadonlyMap<string, Attribute> | null = null

  constructor(
    private readonly model: Model,
    readonly scope: Scope,
    readonly node: Node,
  ) {
    this.opType = node.opType
    this.key = `${node.domain}:${this.opType}`
    this.inputNames = node.inputs
    this.inputs = this.inputNames.map((name) => constantAt(scope, name))
  }

  /** Another node of the model. */
  at({ scope, node }: Pick<Op, 'scope' | 'node'>): Op {
    return new Op(this.model, scope, node)
  }

  int(name: string, missing: number): number {
    return this.attribute(name)?.i ?? missing
  }

  float(name: string, missing: number): number {
    return this.attribute(name)?.f ?? missing
  }

  floats(name: string): readonly number[] {
    return this.attribute(name)?.floats ?? []
  }

  ints(name: string): readonly number[] | null {
    return this.attribute(name)?.ints ?? null
  }

  text(name: string, missing: string): string {
    return this.attribute(name)?.s ?? missing
  }

  texts(name: string): readonly string[] | null {
    return this.attribute(name)?.strings ?? null
  }

  /** Small integers that an input holds (a shape, axes), else those of an attribute: both spellings of one thing, by opset. */
  list(input: number, name?: string): readonly number[] | null {
    const constant = this.inputs[input]
    if (constant?.ints === undefined && constant) constant.ints = intsOf(this.model, constant)
    if (constant) return constant.ints ?? null
    return (name !== undefined && this.attribute(name)?.ints) || null
  }

  /** One number that an input holds, else an attribute. */
  number(input: number, name: string, missing: number): number {
    const [constant, tensor] = [this.inputs[input], this.inputs[input]?.views[0]?.tensor]
    return constant?.ints?.[0] ?? (tensor ? scalarOf(this.model, tensor) : this.attribute(name)?.f) ?? missing
  }

  /** Whether a constant is a stored tensor of zeros and ones. */
  isMask(constant: Constant): boolean {
    const tensor = soleTensor(constant)
    if (!tensor || tensor.elementCount < 2 || !isReadable(tensor)) return false
    return readValues(this.model, tensor, 0, Math.min(tensor.elementCount, MAX_LOOK)).every((v) => v === 0 || v === 1)
  }

  /** Whether an input holds 8-bit zero points at their type's minimum: quantized graphs lose their Relu, and this is its only sign. */
  isRectified(input: number): boolean {
    const tensor = this.inputs[input]?.views[0]?.tensor
    const min = tensor && { INT8: -128, UINT8: 0 }[tensor.dataType]
    return tensor !== undefined && min !== undefined && (readInts(this.model, tensor)?.every((v) => v === min) ?? false)
  }

  private attribute(name: string): Attribute | undefined {
    this.attributes ??= this.node.attributes
    const found = this.attributes.get(name)
    return found && resolveAttribute(this.scope, found)
  }
}

function scalarOf(model: Model, tensor: Tensor): number | undefined {
  if (tensor.elementCount !== 1) return undefined
  return isFloatType(tensor.dataType) && tensor.elements.kind === 'stored'
    ? readValues(model, tensor, 0, 1)[0]
    : readInts(model, tensor)?.[0]
}

/** A constant's integers: a tensor, or a concatenation of whole ones. */
function intsOf(model: Model, { views }: Constant): readonly number[] | null {
  const parts = views.map((v) => {
    const whole =
      v.as === 'values' &&
      /^INT(32|64)$/.test(v.tensor.dataType) &&
      v.axes &&
      v.axes.reduce((n, atoms) => n * sizeOf(atoms), 1) === v.tensor.elementCount
    return whole ? readInts(model, v.tensor) : null
  })
  return parts.length > 0 && parts.every((p) => p !== null) ? parts.flat() : null
}
