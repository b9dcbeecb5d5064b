import type { Tensor } from '../types.js'

/** The tensor of the output that took an input tensor's place: of its scope and name; of what was renamed, the next of its size in file order. */
export function counterparts(before: readonly Tensor[], after: readonly Tensor[]): ReadonlyMap<Tensor, Tensor> {
  const found = new Map<Tensor, Tensor>()
  const named = queues(after, keyOf)
  for (const tensor of before) {
    const like = named.get(keyOf(tensor))?.shift()
    if (like && like.elementCount === tensor.elementCount) found.set(tensor, like)
  }
  const taken = new Set(found.values())
  const left = queues(
    after.filter((t) => !taken.has(t)),
    (t) => String(t.elementCount),
  )
  for (const tensor of before) {
    if (found.has(tensor)) continue
    const next = left.get(String(tensor.elementCount))?.shift()
    if (next) found.set(tensor, next)
  }
  return found
}

const keyOf = ({ graph, name }: Tensor) => `${graph.scope}\0${name}`

function queues(tensors: readonly Tensor[], key: (tensor: Tensor) => string): Map<string, Tensor[]> {
  const all = new Map<string, Tensor[]>()
  for (const tensor of tensors) {
    const queue = all.get(key(tensor))
    if (queue) queue.push(tensor)
    else all.set(key(tensor), [tensor])
  }
  return all
}
