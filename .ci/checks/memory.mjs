import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** MiB; Node alone has about 45. */
const MOST_MEBIBYTES = 80
const MODEL = 'resnet18_full--dyn'

/** Peak memory of the command line at a new fc layer for the largest model, 47 MB, without the run. */
export async function memory({ models, dist, work }) {
  const { path } = models.find((m) => m.name === MODEL)
  const peak = async (...args) => {
    const preload = new URL('../peakMemory.mjs', import.meta.url).href
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', preload, ...args])
    return Number(/peak memory: ([\d.]+) MiB/.exec(stderr)?.[1])
  }
  const output = join(work, 'peak.onnx')
  const alone = await peak('-e', '0')
  const used = await peak(join(dist, 'cli.js'), path, '--layers', 'fc', '--xavier-normal', '--no-run', '-o', output)
  const megabytes = ((statSync(path).size + statSync(`${path}.data`).size) / 1e6).toFixed(1)
  console.log(`${MODEL}, ${megabytes} MB: peak ${used} MiB, Node alone ${alone} MiB`)
  return used <= MOST_MEBIBYTES ? [] : [`peak memory ${used} MiB, at most ${MOST_MEBIBYTES}`]
}
