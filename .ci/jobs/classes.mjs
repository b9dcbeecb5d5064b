import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds that one run may take: far above any of the corpora. */
const TIMEOUT_SECONDS = 30

/**
 * A head with `classes` classes (null: twice as many as it has; 0: cut off), run and proven: the status of the run, or what refuses it.
 * @param {{ path: string, folder: string, selection: object, classes: number | null }} task
 */
export default async function classes({ reinit, inspect, diff, ReinitError }, { path, folder, selection, classes: wanted }) {
  const output = join(folder, 'out.onnx')
  mkdirSync(folder, { recursive: true })
  const options = { ...selection, init: 'xavier_normal' }
  try {
    if (wanted === 0) {
      const { run } = await reinit(path, { ...selection, featureExtractor: true, output, timeout: TIMEOUT_SECONDS })
      return { status: run.status, message: run.message ?? '', count: 0 }
    }
    const count = wanted ?? 2 * (await reinit(path, { ...options, numClasses: 1, dryRun: true, labels: ['one'], output })).head.classes
    const resize = (labels) => reinit(path, { ...options, numClasses: count, output, timeout: TIMEOUT_SECONDS, ...labels })
    const report = await resize({}).catch((error) => {
      if (!/--labels/.test(error.message)) throw error
      return resize({ labels: Array.from({ length: count }, (_, i) => `class ${i}`) })
    })
    if (report.written.length === 0) return { status: report.run.status, message: report.run.message, count }
    const { parameters } = await inspect(output)
    const { changed } = await diff(path, output)
    return {
      status: report.run.status,
      message: report.run.message ?? '',
      count,
      outputs: Object.fromEntries(report.run.outputs.map((o) => [o.name, o.shape])),
      shapes: Object.fromEntries(parameters.map((p) => [p.name, p.shape])),
      // what differs and was not said to
      others: changed.map((c) => c.name).filter((name) => ![...report.changed, ...report.head.changes].some((c) => c.name === name)),
    }
  } catch (error) {
    return {
      status: error instanceof ReinitError ? 'refused' : 'error',
      message: error instanceof ReinitError ? error.message : error.stack,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
