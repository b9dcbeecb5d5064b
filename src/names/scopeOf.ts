import type { Node } from '../types.js'
import { pythonList } from './pythonList.js'
import { modulePath } from './schemes.js'

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
    const module = scopes?.slice(0, -1).findLast((s) => s !== '' && !s.startsWith('_empty_nn_module_stack'))
    return module === undefined || !scopes ? null : { module, type: types?.[scopes.lastIndexOf(module)] ?? '' }
  },
  /** torch legacy: the node's path, its operator last; a module called again ends in _1. */
  ({ name }) => {
    if (!name.startsWith('/')) return null
    const module = modulePath(name.split('/').slice(1, -1))
    return module === '' ? null : { module, type: '' }
  },
  /** TensorFlow: the layer's path, then the operation. */
  ({ name }) => {
    const module = /^([\w.-]+(?:\/[\w.-]+)*?)\/(?:MatMul|BiasAdd|Conv\dD|Tensordot|depthwise|batchnorm)\b[^/]*(?:\/.*)?$/.exec(name)?.[1]
    return module === undefined ? null : { module: module.replace(/^(?:Stateful)?PartitionedCall\//, ''), type: '' }
  },
]

export function scopeOf(node: Node): ModuleScope | null {
  for (const trace of traces) {
    const found = trace(node)
    if (found) return found
  }
  return null
}
