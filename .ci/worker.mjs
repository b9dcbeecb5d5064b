// One job of .ci/jobs for one task at a time: fork('worker.mjs', [job, dist]), a message a task, a message an answer.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [job, dist] = process.argv.slice(2)
const library = await import(pathToFileURL(join(dist, 'index.js')).href)
const { default: work } = await import(new URL(`jobs/${job}.mjs`, import.meta.url).href)
process.on('message', (task) => void work(library, task).then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
