// node --import: says at the end how much memory the process had at most. Linux's maxRSS is inherited from the parent at a start, VmHWM is not.
import { existsSync, readFileSync } from 'node:fs'

const STATUS = '/proc/self/status'
process.on('exit', () => {
  const kibibytes = existsSync(STATUS) ? Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(STATUS, 'utf8'))?.[1]) : process.resourceUsage().maxRSS
  console.error(`peak memory: ${(kibibytes / 1024).toFixed(1)} MiB`)
})
