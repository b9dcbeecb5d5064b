import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** MiB; Node alone has about 45. The audit keeps a filter of every block of the old values. */
const MOST = 80
const MOST_AUDITED = 128
const MODEL = 'resnet18_full--dyn'

/** Peak memory of the command line for the largest model, 47 MB: a new fc layer without the run, a skeleton, the model that it becomes. */
export async function memory({ models, dist, work }) {
  const { path } = models.find((m) => m.name === MODEL)
  const peak = async (...args) => {
    const preload = new URL('../peakMemory.mjs', import.meta.url).href
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', preload, ...args])
    return Number(/peak memory: ([\d.]+) MiB/.exec(stderr)?.[1])
  }
  const output = join(work, 'peak.onnx')
  const alone = await peak('-e', '0')
  const skeleton = join(work, 'peak.skeleton.onnx')
  const jobs = [
    ['a new layer', MOST, path, '--layers', 'fc', '--xavier-normal', '--no-run', '-o', output],
    ['strip, not audited', MOST, 'strip', path, '--no-audit', '-o', skeleton],
    ['strip', MOST_AUDITED, 'strip', path, '--overwrite', '-o', skeleton],
    ['materialize', MOST, 'materialize', skeleton, '-o', join(work, 'peak.drawn.onnx')],
  ]
  const used = []
  for (const [what, most, ...args] of jobs) used.push({ what, most, mebibytes: await peak(join(dist, 'cli.js'), ...args) })
  const megabytes = ((statSync(path).size + statSync(`${path}.data`).size) / 1e6).toFixed(1)
  const shown = used.map(({ what, mebibytes }) => `${what} ${mebibytes} MiB`)
  console.log(`${MODEL}, ${megabytes} MB: peak of ${shown.join(', ')}; Node alone ${alone} MiB`)
  return used.flatMap(({ what, most, mebibytes }) =>
    mebibytes <= most ? [] : [`peak memory of ${what} ${mebibytes} MiB, at most ${most}`],
  )
}
