import { join } from 'node:path'
import { outputOf } from '../outputOf.mjs'

/** Every how many layers one is asked for: a call is a start of the tool. */
const EVERY = 12
const MOST_MISSES_PERCENT = 1
const MOST_LINES = 15

/** Layers, and containers of layers, selected by their name in the framework: all of their tensors and no others. */
export async function layers({ shared, dist }) {
  const script = join(shared, 'check', 'select.mjs')
  const cli = `${process.execPath} ${join(dist, 'cli.js')}`
  const { total, right, misses } = JSON.parse(
    await outputOf(process.execPath, script, join(shared, 'models', 'exported'), '--cli', cli, '--sample', String(EVERY), '--json'),
  )
  const percent = (100 * misses.length) / Math.max(1, total)
  console.log(`selection by layer name, every ${EVERY}th: ${right}/${total} (${(100 - percent).toFixed(1)} %)`)
  for (const line of misses.slice(0, MOST_LINES)) console.log(`miss: ${line}`)
  if (total === 0) return ['no layer was asked for']
  return percent > MOST_MISSES_PERCENT ? [`${misses.length} of ${total} missed, at most ${MOST_MISSES_PERCENT} %`] : []
}
