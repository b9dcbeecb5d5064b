import { join } from 'node:path'
import { outputOf } from '../outputOf.mjs'

/** Right answers that must be missing at most; the layer is one whose name is nowhere in its file. */
const mostMisses = { run: 0, fan: 0, layer: 1, activation: 0, role: 0, layout: 0, refused: 0 }
const MOST_LINES = 15

/** `inspect --json` against what the frameworks that exported the models recorded. */
export async function scores({ shared, dist }) {
  const script = join(shared, 'check', 'score.mjs')
  const cli = `${process.execPath} ${join(dist, 'cli.js')}`
  const { models, score, misses } = JSON.parse(
    await outputOf(process.execPath, script, join(shared, 'models', 'exported'), '--cli', cli, '--json'),
  )
  const shares = Object.entries(score).map(([what, [right, all]]) => `${what} ${right}/${all} (${percent(right, all)} %)`)
  console.log(`${models} models, not read: ${misses.run.length}; ${shares.join(', ')}`)
  return Object.entries(mostMisses).flatMap(([what, most]) => {
    const lines = misses[what]
    for (const line of lines.slice(0, MOST_LINES)) console.log(`miss ${what}: ${line}`)
    return lines.length > most ? [`${what}: ${lines.length} misses, at most ${most}`] : []
  })
}

const percent = (right, all) => ((100 * right) / Math.max(1, all)).toFixed(1)
