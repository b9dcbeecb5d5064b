// node bench/sharing.mjs [--dist dist] [--folder F] [--python P] [--no-python]: what today's tools leave of a model's weights, judged by our audit
// and by a run, beside what `scramble` leaves.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import onnxProto from 'onnx-proto'
import { preparePython } from './peers.mjs'
import { sharingModels } from './sharingModels.mjs'

const { values: given } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    folder: { type: 'string', default: join(tmpdir(), 'onnx-reinit-sharing') },
    python: { type: 'string' },
    'no-python': { type: 'boolean' },
  },
})
const folder = resolve(given.folder)
mkdirSync(folder, { recursive: true })
const peers = { requirements: 'sharing.txt', names: ['onnx', 'onnxruntime', 'polygraphy'] }
const { python, versions, missing } = given['no-python']
  ? { python: null, versions: {}, missing: 'no Python asked for' }
  : preparePython(folder, given.python, peers)
const bundle = ['cli.cjs', 'cli.js'].map((name) => join(resolve(given.dist), name)).find((path) => existsSync(path))
if (bundle === undefined) throw new Error(`no command line in ${given.dist}: npm run build`)
const cli = (...args) => [process.execPath, bundle, ...args]
const inPython = (...args) => (python === null ? null : [python, ...args])
/** Its command stands beside the Python that has it. */
const polygraphy = (...args) => (python === null ? null : [join(dirname(python), 'polygraphy'), ...args])

/**
 * What each tool runs to make `to` of `from`, one command after the other; null: it can't be run here. One entry a tool.
 * @type {Record<string, (from: string, to: string) => (readonly string[] | null)[]>}
 */
const tools = {
  'nothing (a copy)': (from, to) => [['cp', from, to]],
  'Polygraphy weight-strip, weight-reconstruct': (from, to) => [
    polygraphy('surgeon', 'weight-strip', from, '-o', `${to}.stripped`),
    polygraphy('surgeon', 'weight-reconstruct', `${to}.stripped`, '-o', to),
  ],
  'onnxruntime onnx_randomizer': (from, to) => [inPython('-m', 'onnxruntime.tools.onnx_randomizer', '-m', from, '-o', to)],
  'onnx-reinit scramble': (from, to) => [cli('scramble', from, '-o', to, '-q')],
  'onnx-reinit scramble --calibrate': (from, to) => [cli('scramble', from, '-o', to, '-q', '--calibrate')],
}

const CAPTURE = { encoding: 'utf8', maxBuffer: 1 << 28 }

/** The cells of a row. */
async function judge(before, after, commands) {
  rmSync(after, { force: true })
  const says = []
  for (const command of commands) {
    if (command === null) return () => ['', '', '', '', missing ?? '']
    const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), CAPTURE)
    if (status !== 0) return () => ['', '', '', '', `ended with ${status}: ${lastLine(stderr || stdout)}`]
    says.push(...`${stdout}${stderr}`.matchAll(/PASSED|FAILED/g))
  }
  const [program, ...args] = cli('audit', before, after, '--no-strings', '--json')
  const { stdout } = spawnSync(program, args, CAPTURE)
  const { leaks, judged, error } = JSON.parse(stdout)
  if (error) {
    // no model for our reader: the first eight values of each tensor tell, wherever they stand
    const bytes = readFileSync(after)
    const heads = headsOf(before)
    const found = heads.filter((head) => bytes.includes(head)).length
    return (std) => [`${found} of ${heads.length}`, '', 'bytes', `${std.toPrecision(3)} → `, error.message]
  }
  const whole = leaks.filter(({ name }) => name !== '')
  const tensors = new Set(whole.map(({ scope, name }) => `${scope}\0${name}`)).size
  const left = whole
    .filter(({ kind }) => ['equal', 'run', 'shuffled'].includes(kind))
    .reduce((sum, { elementCount }) => sum + elementCount, 0)
  const kinds = [...new Set(leaks.map(({ kind }) => kind))].join(', ')
  const own = await deviation(after)
  return (std) => [
    `${tensors} of ${judged.tensors}`,
    left.toLocaleString('en'),
    kinds || 'nothing',
    `${std.toPrecision(3)} → ${own.toPrecision(3)}`,
    says.length > 0 ? `says ${says.at(-1)[0]}` : '',
  ]
}

/** @param {string} path of one of our models */
function headsOf(path) {
  const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(path))
  return graph.initializer.flatMap((t) => {
    const bytes = t.rawData?.length ? Buffer.from(t.rawData) : Buffer.from(Float32Array.from(t.floatData).buffer)
    return bytes.length >= 32 ? [bytes.subarray(0, 32)] : []
  })
}

const lastLine = (text) => text.trim().split('\n').at(-1)

/** Standard deviation of the first output, for an input that is the same each time. */
async function deviation(path) {
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 })
  const { name, shape } = session.inputMetadata[0]
  const dims = shape.map((d) => (typeof d === 'number' ? d : 1))
  const count = dims.reduce((n, d) => n * d, 1)
  const input = Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 12.9898) * 1.4)
  const { data } = Object.values(await session.run({ [name]: new Tensor('float32', input, dims) }))[0]
  const mean = data.reduce((sum, v) => sum + v, 0) / data.length
  return Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length)
}

const rows = []
for (const [key, { what, bytes }] of Object.entries(sharingModels)) {
  const before = join(folder, `${key}.onnx`)
  writeFileSync(before, bytes())
  const std = await deviation(before)
  Object.entries(tools).forEach(([tool, commands], i) =>
    rows.push({ what, tool, before, std, after: join(folder, `${key}.${i}.onnx`), commands }),
  )
}
console.log(
  `Python: ${
    missing ??
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  }\n`,
)
console.log('| model | tool | tensors that leak | values left | how | std of the output | |\n|---|---|---|---|---|---|---|')
for (const { what, tool, before, std, after, commands } of rows) {
  const cells = await judge(before, after, commands(before, after))
  console.log(`| ${[what, tool, ...cells(std)].join(' | ')} |`)
}
