import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTasks } from '../pool.mjs'
import { printCounts, printGroups } from '../print.mjs'

const SECONDS = 150
const statuses = ['passed', 'failed-before', 'unsupported', 'refused', 'too-large', 'timeout', 'failed']

/**
 * Heads with 7 and with twice their classes, and cut off: those of MANIFEST.json with their class axes where it has them, and the others refused; the
 * heads of all other models run where the input does, or are refused in a line.
 */
export async function classes({ shared, dist, work, models }) {
  const folder = join(shared, 'models', 'public')
  const heads = new Map(
    JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8'))
      .models.filter((m) => m.head)
      .map((m) => [m.file.replace(/\.onnx$/, ''), m]),
  )
  const wanted = models.filter((m) => (m.corpus === 'public' ? heads.has(m.name.replace(/\.onnx$/, '')) : m.corpus === 'exported'))
  const tasks = wanted.flatMap((model) =>
    [7, null, 0].map((count) => {
      const head = model.corpus === 'public' ? heads.get(model.name.replace(/\.onnx$/, '')).head : null
      return { model, head, count, selection: head && head.other_heads.length > 0 ? { layers: [head.weight] } : { head: true } }
    }),
  )
  const answers = await runTasks(
    'classes',
    tasks.map(({ model, selection, count }, i) => ({ path: model.path, folder: join(work, `classes-${i}`), selection, classes: count })),
    { dist, temporary: join(work, 'tmp'), seconds: SECONDS },
  )
  const results = tasks.map((task, i) => ({ ...task, ...(answers[i].died ? { status: 'died', message: answers[i].died } : answers[i]) }))
  printCounts(
    results.map(({ model, count, status }) => ({ row: `${model.corpus}, ${count === 0 ? 'cut off' : 'resized'}`, column: status })),
    statuses,
  )
  printGroups(results.filter((r) => r.status === 'refused').map(({ model, message }) => ({ text: message, name: model.name })))
  return results.flatMap(({ model, head, status, message, count, outputs = {}, shapes = {}, others = [] }) => {
    const where = `${model.corpus}/${model.name}, ${count ?? 'twice as many'} classes`
    if (['failed', 'died', 'error'].includes(status)) return [`${where}: ${status}: ${message}`]
    if (others.length > 0) return [`${where}: ${others.join(', ')} changed too`]
    return head && count !== 0
      ? asNamed(head, status, message, count ?? 2 * head.num_classes, outputs, shapes).map((line) => `${where}: ${line}`)
      : []
  })
}

/** What a head of the manifest is after its number of classes changed. */
function asNamed(head, status, message, count, outputs, shapes) {
  const axes = Object.entries(head.class_axis_inits)
  if (axes.length === 0) return status === 'refused' ? [] : [`${status}, but it is no head of classes: ${head.to_change_for_N}`]
  if (status === 'refused') return [`refused: ${message}`]
  const sizes = [
    ...axes.map(([name, axis]) => [name, shapes[name], axis]),
    ...Object.entries(head.class_outputs).map(([name, axis]) => [name, outputs[name], axis]),
  ]
  return sizes.flatMap(([name, shape, axis]) =>
    shape === undefined || shape[axis] === count ? [] : [`${name} is [${shape}], where axis ${axis} should have ${count}`],
  )
}
