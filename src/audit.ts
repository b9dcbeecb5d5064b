import { auditFiles } from './auditFiles.js'
import { findLearned } from './findLearned.js'
import { findWeights } from './findWeights.js'
import { tool } from './inspect.js'
import { namedTensors } from './names/namedTensors.js'
import { readModel } from './readModel.js'
import type { AuditOptions, AuditReport } from './reports.js'
import type { Graph, Kept, Model } from './types.js'

/**
 * Whether a model that was made from another may be shared: nothing that the first learned is left in the second's files. Both are read,
 * nothing is written.
 * @throws ReinitError `io`, `invalid` where a file is no valid model, `usage` where a pattern of `keep` matches nothing in the first.
 */
export async function audit(before: string, after: string, options: AuditOptions = {}): Promise<AuditReport> {
  options.signal?.throwIfAborted()
  const a = readModel(before, options)
  try {
    const b = readModel(after, options)
    try {
      const { weights } = findWeights(a)
      const { strings = true } = options
      // what can't be redrawn can be looked for
      const parameters = new Set(weights.map((w) => w.tensor))
      const { kept } = findLearned(a, parameters, parameters, () => undefined)
      const stays = [
        ...kept.map(({ at, reason, detail }) => ({ tensor: { at }, reason: `${reasons[reason]}: ${detail}` })),
        ...(options.keep ?? []).flatMap((pattern) =>
          namedTensors([a], weights, pattern, '--keep', a.path).map((tensor) => ({ tensor, reason: `--keep ${pattern}` })),
        ),
      ]
      const renamed = options.renamed ? namesOf(a) : []
      return { schema: 1, tool, before, after, ...(await auditFiles(a, b, { weights, stays, strings, renamed }, options)) }
    } finally {
      b.close()
    }
  } finally {
    a.close()
  }
}

/** Why the architecture has a constant, by what the scramble calls it. */
const reasons: Readonly<Record<Kept['reason'], string>> = {
  steers: 'steers the graph',
  setting: 'a setting of the architecture',
  mask: 'a mask',
  scale: 'a scale of what is not learned',
  zero_point: 'zero points',
  labels: 'labels',
  structure: 'structure of a table',
}

/** Names that a renaming replaces: of nodes, values and tensors in every graph, but not the model's inputs and outputs. */
function namesOf(model: Model): string[] {
  const names = new Set<string>()
  const visit = ({ nodes, tensors }: Graph): void => {
    for (const { name } of tensors) names.add(name)
    for (const node of nodes) {
      for (const name of [node.name, ...node.inputs, ...node.outputs]) names.add(name)
      if (node.hasGraphs) for (const { graphs } of node.attributes.values()) for (const graph of graphs ?? []) visit(graph)
    }
  }
  for (const graph of [model.graph, ...model.functions.map((f) => f.body)]) visit(graph)
  for (const { name } of [...model.graph.inputs, ...model.graph.outputs]) names.delete(name)
  return [...names]
}
