import type { Tensor } from '../types.js'
import { pythonList } from './pythonList.js'
import { unwrapped } from './schemes.js'
import type { Target } from './signature.js'

/** What dynamo's optimizer computed a tensor from: parameters, buffers and values of the graph, by name; none where it does not say. */
export function foldedFrom({ name, graph }: Tensor): readonly string[] {
  const metadata = graph.valueMetadata.get(name) ?? graph.valueMetadata.get(unwrapped(name))
  return pythonList(metadata?.get('pkg.onnxscript.optimizer.folded_from') ?? '') ?? []
}

/** Whether a tensor is a parameter, or made from one, of the exported program; undefined where the exporter does not tell. */
export function kindOf(tensor: Tensor, signature: ReadonlyMap<string, Target>): Target['kind'] | undefined {
  const own = signature.get(tensor.name)?.kind
  const sources = own || signature.size === 0 ? [] : foldedFrom(tensor)
  if (own || sources.length === 0) return own
  return sources.some((s) => signature.get(s)?.kind === 'PARAMETER') ? 'PARAMETER' : 'BUFFER'
}
