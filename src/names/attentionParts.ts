import type { FillTarget, Weight } from '../types.js'

/** Names that only nn.MultiheadAttention gives its parameters. */
const OWN = /(?:^|\.)(?:in_proj_weight|in_proj_bias|[qkv]_proj_weight|bias_[kv])$/

/** Projections of PyTorch's nn.MultiheadAttention modules, which resets them in a way of its own: known by the parameters that kept their names. */
export function attentionParts(weights: readonly Weight[]): ReadonlyMap<Weight, NonNullable<FillTarget['attention']>> {
  const modules = new Map<string, { hasBias: boolean; readonly inputs: Weight[] }>()
  for (const { tensor, layer } of weights)
    if (OWN.test(tensor.name)) {
      const known = modules.get(layer) ?? { hasBias: false, inputs: [] }
      modules.set(layer, { ...known, hasBias: known.hasBias || tensor.name.endsWith('in_proj_bias') })
    }
  const parts = new Map<Weight, NonNullable<FillTarget['attention']>>()
  if (modules.size === 0) return parts
  for (const w of weights) {
    if (w.role === 'weight') modules.get(w.layer)?.inputs.push(w)
    const out = /^(?:(.*)\.)?out_proj$/s.exec(w.layer)
    const module = out ? modules.get(out[1] ?? '') : undefined
    if (module) parts.set(w, { part: 'out', count: module.hasBias ? outputsOf(w) : 0 })
  }
  for (const { inputs } of modules.values())
    for (const w of inputs) {
      // q, k and v of one width are one tensor in torch, also where the exporter cut it
      const isCut = inputs.length === 3 && inputs.every(({ tensor: { elementCount } }) => elementCount === outputsOf(w) ** 2)
      parts.set(w, { part: 'in', count: outputsOf(w) * (isCut ? 3 : 1) })
    }
  return parts
}

const outputsOf = ({ tensor: { dims }, layout }: Weight): number => dims[Math.max(0, layout.indexOf('out'))] ?? 0
