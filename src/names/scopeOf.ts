import { isTransparent } from '../ops/flow.js'
import type { Producer } from '../ops/scope.js'
import type { Node } from '../types.js'
import { pythonList } from './pythonList.js'
import { MAX_PATH, modulePath } from './schemes.js'

/** The module whose code made a node, by the exporter's trace of it. */
export interface ModuleScope {
  readonly module: string
  /** Its class, where the exporter tells. */
  readonly type: string
}

/** Traces that exporters leave on nodes, first found first taken. Add one here. */
const traces: readonly ((node: Node) => ModuleScope | null)[] = [
  /** torch dynamo: cumulative module paths, the last entry is the operation. */
  ({ metadata }) => {
    const scopes = pythonList(metadata.get('pkg.torch.onnx.name_scopes') ?? '')
    const types = pythonList(metadata.get('pkg.torch.onnx.class_hierarchy') ?? '')
    const module = scopes?.slice(0, -1).findLast((s) => s !== '' && s.length <= MAX_PATH && !s.startsWith('_empty_nn_module_stack'))
    return module === undefined || !scopes ? null : { module, type: types?.[scopes.lastIndexOf(module)] ?? '' }
  },
  /** torch legacy: the node's path, its operator last; a module called again ends in _1. Blocked convolutions have their value's name. */
  ({ name }) => {
    const value = /^(.*)_nchwc$/s.exec(name)?.[1]
    const module = value === undefined || OF_MATRIX.test(value) ? calledPath(name) : null
    return module === null ? null : { module, type: '' }
  },
  /** TensorFlow: the layer's path, then the operation. */
  ({ name }) => {
    if (name.length > MAX_PATH) return null
    const module =
      /^([\w.-]+(?:\/[\w.-]+)*?)\/(?:MatMul|BiasAdd|Conv\dD|convolution|conv\w*_transpose|Tensordot|einsum|separable_conv\dd|depthwise|batchnorm)\b[^/]*(?:\/.*)?$/.exec(
        name,
      )?.[1]
    return module === undefined ? null : { module: module.replace(/^(?:Stateful)?PartitionedCall\//, ''), type: '' }
  },
]

/**
 * The modules that a node of legacy torch was called through, by its name or a value's: /layer4/conv1/Conv, /fc/Gemm_output_0, and what
 * onnxruntime makes of them, `fused /conv1/Conv` and /fc/MatMul/MatMulAddFusion. null where it is none.
 */
export function calledPath(name: string): string | null {
  if (name.length > MAX_PATH) return null
  const path = name.replace(/^fused /, '').replace(/\/[^/]*Fusion(?:_\w+)?\/?$/, '')
  return (path.startsWith('/') && modulePath(path.split('/').slice(1, -1))) || null
}

/** Nodes between an operator that a simplifier put in and the value that kept its name. */
const MAX_STEPS = 3

/** Values of a matrix with its bias; behind a norm or an activation another module would answer. */
const OF_MATRIX = /\/(?:MatMul|Gemm|Conv\w*|Add|Reshape|Transpose)(?:_\d+)?_output_\d+$/

/** A simplifier names nodes anew (Gemm_2), but values keep their names: that of the sum which a Gemm and a Reshape stand for now. */
export function valuePath({ scope, node }: Producer): string | null {
  let name = node.outputs[0] ?? ''
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    if (/_output_\d+$/.test(name)) return OF_MATRIX.test(name) ? calledPath(name) : null
    const [reader, ...more] = scope.consumers.of(name)
    if (!reader || more.length > 0 || !isTransparent(reader.node)) return null
    name = reader.node.outputs[0] ?? ''
  }
  return null
}

export function scopeOf(producer: Producer): ModuleScope | null {
  for (const trace of traces) {
    const found = trace(producer.node)
    if (found) return found
  }
  const module = valuePath(producer)
  return module === null ? null : { module, type: '' }
}
