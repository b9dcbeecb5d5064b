import { blocksOf } from './audit/blocks.js'
import { type Comparison, compareAll, type TensorLeak } from './audit/compareAll.js'
import { counterparts } from './audit/counterparts.js'
import { findRuns } from './audit/findRuns.js'
import { findTexts, type TextSearch } from './audit/findTexts.js'
import type { Open } from './audit/heldNumbers.js'
import { type HeldValues, heldValues } from './audit/heldValues.js'
import { CHANCE_BITS, isComparable, type Judged, judge } from './audit/judge.js'
import { placesIn } from './audit/placesIn.js'
import { runLeaks } from './audit/runLeaks.js'
import { streamReader, streamsOf } from './audit/streamsOf.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { modelFiles } from './onnx/external/modelFiles.js'
import { saidByRecipe } from './skeleton/recipeWords.js'
import type { Audit, AuditClaims, AuditLeak, AuditLeakKind, Model, Tensor } from './types.js'

/**
 * Whether anything that the input learned survives in the output's files: runs of values anywhere in their bytes, tensors that were made from
 * old ones, extremes, moments, text. Memory: some kilobytes a tensor, and an index of what is looked for of up to 100 MiB, at any size.
 * Chance accuses a file that was drawn without a look at the input once in a million audits.
 */
export async function auditFiles(before: Model, after: Model, claims: AuditClaims, work: WorkOptions = {}): Promise<Audit> {
  const [olds, news] = [modelFiles(before), modelFiles(after)]
  try {
    return await auditOpened([before, after], [olds.open, news.open], claims, work)
  } finally {
    olds.close()
    news.close()
  }
}

type Both<T> = readonly [before: T, after: T]

async function auditOpened([before, after]: Both<Model>, opens: Both<Open>, claims: AuditClaims, work: WorkOptions): Promise<Audit> {
  const input = heldValues(before)
  const output = heldValues(after).values.map((held) => held.tensor)
  const streams = streamsOf(after, output, opens[1])
  const byteLength = streams.reduce((sum, { source }) => sum + source.byteLength, 0)
  const elementCount = input.values.reduce((sum, { tensor }) => sum + tensor.elementCount, 1)
  // so many bits have to be equal that no two places of the files agree by chance
  const needed = CHANCE_BITS + Math.log2(elementCount) + Math.log2(byteLength)
  const pace = pacer('audit', PASSES * byteLength, work)

  const judged = await judge(input.values, claims, opens[0], needed, pace)
  const learned = judged.flatMap((j) => (j.kind === 'judged' ? [j.facts] : []))
  const comparable = output.filter(isComparable)
  const places = counterparts(
    learned.map(({ tensor }) => tensor),
    comparable,
  )
  const read = (stream: (typeof streams)[number], start: number, end: number) => streamReader(after, stream).read(start, end)
  const texts = findTexts(before, after, byteLength, claims, read, saidByRecipe(after))
  const blocks = learned.flatMap(({ tensor }) => blocksOf(tensor, needed) ?? [])
  const files = {
    before: opens[0],
    beforeAt: (file: string) => before.open(file),
    streams,
    streamAt: (s: (typeof streams)[number]) => streamReader(after, s),
  }
  const runs = await findRuns(blocks, files, needed, texts, pace)
  const compared = await compareAll(learned, comparable, places, opens, pace)
  const whole = new Set(compared.leaks.filter(({ kind }) => kind === 'equal').map(({ tensor }) => tensor))
  const toldOf = (tensor: Tensor) => (whole.has(tensor) ? (places.get(tensor) ?? null) : null)
  const leaks = leaksOf(input, judged, compared, runLeaks(runs, placesIn(after, output), toldOf), texts)
  return {
    clean: leaks.length === 0,
    leaks,
    stays: judged.flatMap((j) =>
      j.kind === 'stays'
        ? [{ ...named(j.tensor), dataType: j.tensor.dataType, shape: j.tensor.dims, elementCount: j.tensor.elementCount, reason: j.reason }]
        : [],
    ),
    judged: { tensors: learned.length, elements: learned.reduce((sum, { tensor }) => sum + tensor.elementCount, 0) },
    searched: {
      files: 1 + after.externalFiles.size,
      bytes: byteLength,
      strings: texts.count,
      bits: Math.ceil(needed),
      comparisons: compared.comparisons,
    },
  }
}

/** About how often all bytes are looked at, for progress. */
const PASSES = 6

/** The plainest first. */
const KINDS: readonly AuditLeakKind[] = ['unread', 'equal', 'run', 'shuffled', 'correlated', 'extremes', 'moments', 'string']

const named = ({ name, graph }: Tensor) => ({ name, scope: graph.scope })

/** Of a tensor that stands somewhere as it was, what else it shows in its own place is not said. */
function leaksOf(
  { broken }: HeldValues,
  judged: readonly Judged[],
  { leaks, joint }: Comparison,
  runs: readonly TensorLeak[],
  texts: TextSearch,
): AuditLeak[] {
  const nowhere = { scope: '', file: null, byte: null }
  const unread = (name: string, scope: string, why: string, elementCount: number): AuditLeak => ({
    kind: 'unread',
    name,
    ...nowhere,
    scope,
    what: `can't be judged: ${why}`,
    elementCount,
  })
  const ran = new Set(runs.map(({ tensor }) => tensor))
  const ofTensors = [...leaks.filter(({ kind, tensor }) => kind === 'equal' || !ran.has(tensor)), ...runs]
  const all: AuditLeak[] = [
    ...judged.flatMap((j) => (j.kind === 'unread' ? [unread(j.tensor.name, j.tensor.graph.scope, j.reason, j.tensor.elementCount)] : [])),
    ...broken.map(({ name, why }) => unread(name, '', why, 0)),
    ...ofTensors.map(({ tensor, kind, what, file, byte, elementCount }) => ({ kind, ...named(tensor), what, file, byte, elementCount })),
    ...joint.map((leak) => ({ ...leak, name: '', scope: '' })),
    ...texts.found.map(({ text, stream, at }) => ({
      kind: 'string' as const,
      name: text,
      scope: '',
      what: 'text of the input',
      file: stream.file,
      byte: at,
      elementCount: text.length,
    })),
  ]
  return all.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind))
}
