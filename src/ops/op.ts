import { readInts } from '../onnx/readInts.js'
import { readValues } from '../onnx/readValues.js'
import { isFloatType } from '../onnx/dataTypes.js'
import type { Model, Node, Tensor } from '../types.js'
import { attributeOf, constantAt, type Scope } from './scope.js'
import { type Constant, sizeOf } from './view.js'

/** A node at one place of execution, with what the operator tables ask of it. */
export interface Op {
  readonly scope: Scope
  readonly node: Node
  /** By input; null where it is no constant. */
  readonly inputs: readonly (Constant | null)[]
  int(name: string, missing: number): number
  float(name: string, missing: number): number
  ints(name: string): readonly number[] | null
  texts(name: string): readonly string[] | null
  text(name: string, missing: string): string
  /** Small integers that an input holds (a shape, axes), else those of an attribute: both spellings of one thing, by opset. */
  list(input: number, attribute?: string): readonly number[] | null
  /** One number that an input holds, else an attribute. */
  number(input: number, attribute: string, missing: number): number
  /** Whether an input holds 8-bit zero points at their type's minimum: quantized graphs lose their Relu, and this is its only sign. */
  isRectified(input: number): boolean
}

export function opAt(model: Model, scope: Scope, node: Node): Op {
  const attribute = (name: string) => attributeOf(scope, node, name)
  const inputs = node.inputs.map((name) => constantAt(scope, name))
  return {
    scope,
    node,
    inputs,
    int: (name, missing) => attribute(name)?.i ?? missing,
    float: (name, missing) => attribute(name)?.f ?? missing,
    ints: (name) => attribute(name)?.ints ?? null,
    texts: (name) => attribute(name)?.strings ?? null,
    text: (name, missing) => attribute(name)?.s ?? missing,
    list(input, name) {
      const constant = inputs[input]
      if (constant) return (constant.ints ??= intsOf(model, constant))
      return (name !== undefined && attribute(name)?.ints) || null
    },
    number(input, name, missing) {
      const tensor = inputs[input]?.views[0]?.tensor
      return (tensor ? scalarOf(model, tensor) : attribute(name)?.f) ?? missing
    },
    isRectified(input) {
      const tensor = inputs[input]?.views[0]?.tensor
      const min = tensor && { INT8: -128, UINT8: 0 }[tensor.dataType]
      return tensor !== undefined && min !== undefined && (readInts(model, tensor)?.every((v) => v === min) ?? false)
    },
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
    const whole = v.as === 'values' && v.axes && v.axes.reduce((n, atoms) => n * sizeOf(atoms), 1) === v.tensor.elementCount
    return whole ? readInts(model, v.tensor) : null
  })
  return parts.length > 0 && parts.every((p) => p !== null) ? parts.flat() : null
}
