import type { Node, Tensor } from '../types.js'

const PARAMETER = /^(.+)\.(weight|bias|running_mean|running_var)$/

/** The dotted module path: from the tensor's name, else from the node's path with repeated segments removed, else the node's name. */
export function layerName(tensor: Tensor, node: Node): string {
  const own = PARAMETER.exec(tensor.name)
  if (own) return own[1] as string
  if (!node.name.startsWith('/')) return node.name || `${node.opType}_${node.index}`
  const path: string[] = []
  for (const segment of node.name.split('/').slice(1, -1)) {
    const last = path.at(-1)
    if (last !== undefined && (segment === last || segment.startsWith(`${last}.`))) path.pop()
    path.push(segment)
  }
  return path.join('.') || node.name
}
