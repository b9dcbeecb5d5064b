import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** MiB; Node alone has about 45. */
const MOST_MEBIBYTES = 80
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
  const used = {}
  for (const [what, ...args] of [
    ['a new layer', path, '--layers', 'fc', '--xavier-normal', '--no-run', '-o', output],
    ['strip', 'strip', path, '-o', skeleton],
    ['materialize', 'materialize', skeleton, '-o', join(work, 'peak.drawn.onnx')],
  ])
    used[what] = await peak(join(dist, 'cli.js'), ...args)
  const megabytes = ((statSync(path).size + statSync(`${path}.data`).size) / 1e6).toFixed(1)
  const shown = Object.entries(used).map(([what, mebibytes]) => `${what} ${mebibytes} MiB`)
  console.log(`${MODEL}, ${megabytes} MB: peak of ${shown.join(', ')}; Node alone ${alone} MiB`)
  return Object.entries(used).flatMap(([what, mebibytes]) =>
    mebibytes <= MOST_MEBIBYTES ? [] : [`peak memory of ${what} ${mebibytes} MiB, at most ${MOST_MEBIBYTES}`],
  )
}
