// One process of the fuzzer: judges the stretches of numbers that it is sent. Where it is stands in a file, should it die.
import { openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inputOf } from './input.js'
import { judge } from './judge.js'

const folder = process.argv[2] as string
const progress = openSync(join(folder, 'at'), 'w')
/** Of the whole process: the program, its modules, and what one small model may take. */
const MAX_BYTES = 512 * 2 ** 20

/** Of the processor: an input takes milliseconds; so long means that something grows that should not. */
const MAX_MILLISECONDS = 2000

process.on('message', ({ from, to }: { from: number; to: number }) => void work(from, to))

async function work(from: number, to: number): Promise<void> {
  const counts: Record<string, number> = {}
  const wrong: { index: number; what: string }[] = []
  let index = from
  let isLarge = false
  while (index < to && !isLarge) {
    writeSync(progress, String(index).padEnd(16), 0)
    const input = inputOf(index)
    const start = process.cpuUsage()
    const verdict = await judge(input, join(folder, 'files'))
    const { user, system } = process.cpuUsage(start)
    const milliseconds = Math.round((user + system) / 1000)
    if (milliseconds > MAX_MILLISECONDS) wrong.push({ index, what: `slow: ${milliseconds} ms, ${JSON.stringify(verdict)}` })
    const kind = input.job === 'reinit' ? verdict.kind : `${input.job} ${verdict.kind}`
    counts[kind] = (counts[kind] ?? 0) + 1
    if (verdict.kind === 'wrong') wrong.push({ index, what: verdict.what })
    const bytes = process.resourceUsage().maxRSS * 1024
    isLarge = bytes > MAX_BYTES
    if (isLarge) wrong.push({ index, what: `memory: the process came to ${Math.round(bytes / 2 ** 20)} MiB` })
    index++
  }
  if (to - from > 1) rmSync(join(folder, 'files'), { recursive: true, force: true })
  const end = () => {
    if (isLarge) process.exit()
  }
  process.send?.({ from, to: index, counts, wrong }, undefined, {}, end)
}
