import { closeSync, cpSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { models } from './models.mjs'
import { peers } from './peers.mjs'

/**
 * One round's CPU seconds by job, and what a ratio makes of them. `ours` is the variant that the column is about.
 * @typedef {Record<string, number>} Seconds
 * @typedef {{ target: number | null, against: string, ratio: (s: Seconds, ours: number) => number, atLeast?: number, atMost?: number,
 *   only?: Variant, clones?: boolean }} Row `only`: the one column it has. `clones`: holds where the file system clones, or where it doesn't.
 * @typedef {keyof typeof variants} Variant
 * @typedef {{ what: string, model: keyof typeof models, flags: readonly string[], inPlace?: boolean, beside?: boolean, every?: boolean,
 *   peers: readonly (keyof typeof peers)[], rows: readonly Row[] }} Group `beside`: into the model's own folder
 */

/** What is switched off in each column. */
export const variants = {
  'writing alone': ['--no-verify', '--no-run'],
  proven: ['--no-run'],
  'proven and run': [],
}
const layer = (name) => ['--layers', models[name].layer, '--xavier-normal']
const all = ['--all', '--xavier-normal']

/** @param {keyof typeof peers} name */
const faster = (target, name, atLeast) => ({ target, against: `faster than ${name}`, ratio: (s, ours) => s[name] / ours, atLeast })
const times = (target, names, atMost, more = {}) => ({
  ...{ target, against: `times ${names.join(' + ')}`, atMost, ...more },
  ratio: (s, ours) => ours / names.reduce((sum, name) => sum + s[name], 0),
})
const proof = (s) => s.proven - s['writing alone']
const run = (s) => s['proven and run'] - s.proven
const ofProving = (text, ratio, target, atMost) => ({ target, against: text, ratio, atMost, only: 'proven' })
const ofRun = { target: 10, against: 'the run alone, times node -e 0', ratio: (s) => run(s) / s['node -e 0'], only: 'proven and run' }
const provenByCopies = ofProving('the proof alone, times cp', (s) => proof(s) / s.cp, 10, 3)
const provenByWrite = ofProving('the proof alone, times fill and write', (s) => proof(s) / s['writing alone'], 10, 1)

const four = Object.keys(peers)
/** @type {readonly Group[]} */
export const groups = [
  {
    ...{ what: 'one layer of 5 KB', model: 'mlp', flags: layer('mlp'), peers: four },
    rows: [faster(3, 'onnx + numpy', 2), times(3, ['node -e 0'], 2), ...four.slice(1).map((name) => faster(null, name)), ofRun],
  },
  {
    ...{ what: 'one layer of 47 MB', model: 'resnet', flags: layer('resnet'), peers: four },
    rows: [
      faster(3, 'onnx + numpy', 2.5),
      ...four.slice(1).map((name) => faster(null, name)),
      times(null, ['cp', 'node -e 0']),
      provenByCopies,
      ofRun,
    ],
  },
  {
    ...{ what: 'one layer of 436 MB', model: 'bert', flags: layer('bert'), peers: four },
    rows: [
      ...[faster(1, 'onnx + numpy', 6), times(1, ['cp', 'node -e 0'], 1.3), ...four.slice(1).map((name) => faster(null, name))],
      ...[provenByCopies, ofRun],
    ],
  },
  {
    ...{ what: 'a new head for 436 MB', model: 'bert', flags: ['--head', '--num-classes', '10', '--xavier-normal'], peers: [] },
    rows: [times(1, ['cp', 'node -e 0'], 1.3), provenByCopies, ofRun],
  },
  {
    ...{ what: 'one layer of 2.4 GB external', model: 'external', flags: layer('external'), peers: ['onnx + numpy', 'onnx-ir'] },
    rows: [times(2, ['cp'], 1.25), faster(2, 'onnx-ir', 1.5), faster(2, 'onnx + numpy', 5), provenByCopies, ofRun],
  },
  {
    ...{ what: 'in place, 436 MB', model: 'bert', flags: [...layer('bert'), '--in-place'], inPlace: true, peers: [] },
    rows: [times(4, ['cp', 'node -e 0'], 1.3, { clones: false }), times(4, ['node -e 0'], 2, { clones: true })],
  },
  {
    ...{
      what: '--data reference, 2.4 GB',
      model: 'external',
      flags: [...layer('external'), '--data', 'reference'],
      beside: true,
      peers: [],
    },
    rows: [times(4, ['node -e 0'], 2)],
  },
  {
    ...{
      what: '--data reference, 10,000 files',
      model: 'files',
      flags: [...layer('files'), '--data', 'reference'],
      beside: true,
      peers: [],
    },
    rows: [times(null, ['node -e 0'])],
  },
  {
    ...{ what: 'every tensor of 47 MB', model: 'resnet', flags: all, every: true, peers: ['onnx + numpy', 'torch + onnx'] },
    rows: [faster(null, 'onnx + numpy'), faster(null, 'torch + onnx'), provenByWrite],
  },
  {
    ...{ what: 'every tensor of 436 MB', model: 'bert', flags: all, every: true, peers: ['onnx + numpy', 'torch + onnx'] },
    rows: [faster(5, 'onnx + numpy', 4), faster(5, 'torch + onnx', 5), provenByWrite],
  },
]

/**
 * The jobs of a group, each with its own fresh output.
 * @param {Group} group
 * @param {{ cli: string, python: string | null, hasRuntime: boolean, clones: boolean, folder: string }} setting
 * @returns {import('./measure.mjs').Job[]}
 */
export function jobsOf(group, { cli, python, hasRuntime, clones, folder }) {
  const source = join(folder, 'models', group.model)
  const input = join(source, 'model.onnx')
  const output = join(folder, 'out')
  const fresh = () => {
    rmSync(output, { recursive: true, force: true })
    mkdirSync(output, { recursive: true })
  }
  const beside = join(source, 'bench.reinit.onnx')
  const clear = () => {
    for (const path of [beside, `${beside}.data`]) rmSync(path, { force: true })
  }
  const copy = () => {
    fresh()
    cpSync(source, output, { recursive: true })
    // a model at rest: our own sync would have the disk write it too
    const descriptor = openSync(join(output, 'model.onnx'), 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
  const [path, prepare] = group.inPlace
    ? [[join(output, 'model.onnx')], copy]
    : group.beside
      ? [[input, '--output', beside], clear]
      : [[input, '--output', join(output, 'model.onnx')], fresh]
  const isExternal = models[group.model].external === true
  const names = group.every ? [] : models[group.model].weights
  return [
    ...Object.entries(variants)
      .filter(([name]) => hasRuntime || name !== 'proven and run')
      .map(([name, flags]) => ({ name, command: [process.execPath, cli, ...path, ...group.flags, ...flags], prepare })),
    { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
    {
      name: 'cp',
      command: ['cp', '-r', ...(clones ? ['--reflink=never'] : []), source, join(output, 'copy')],
      prepare: () => [fresh(), clear()],
    },
    ...group.peers
      .filter(() => python !== null)
      .map((name) => ({
        name,
        command: [python, peers[name], input, join(output, 'model.onnx'), ...names, ...(isExternal ? ['--external'] : [])],
        prepare: fresh,
      })),
  ]
}
