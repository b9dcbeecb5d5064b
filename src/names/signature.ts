import type { Model } from '../types.js'

/** What torch.export's signature says of a state-dict entry. */
export interface Target {
  readonly target: string
  readonly kind: 'PARAMETER' | 'BUFFER'
}

/** Parameters and buffers of the exported program, by target; empty where the exporter leaves no signature. */
export function signatureOf(model: Model): ReadonlyMap<string, Target> {
  const text = model.graph.metadata.get('pkg.torch.export.ExportedProgram.graph_signature') ?? ''
  const found = [...text.matchAll(/^\s*\S+: (PARAMETER|BUFFER) target='((?:[^'\\]|\\.)*)'/gm)]
  return new Map(found.map(([, kind, target]) => [target as string, { target: target as string, kind: kind as Target['kind'] }]))
}
