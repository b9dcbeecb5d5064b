import { join } from 'node:path'
import { outputOf } from '../outputOf.mjs'

/** Readers that are not ours: Python's onnx and onnxruntime judge what the tool wrote. Only where they are installed. */
export async function independent({ shared, dist }) {
  const python = process.env.PYTHON ?? 'python3'
  const isHere = await outputOf(python, '-c', 'import onnx, onnxruntime').then(
    () => true,
    () => false,
  )
  if (!isHere) return null
  const script = join(shared, 'check', 'independent.py')
  const cli = `${process.execPath} ${join(dist, 'cli.js')}`
  const { total, good, refused, misses } = JSON.parse(
    await outputOf(python, script, join(shared, 'models', 'exported'), '--cli', cli, '--run', '--json'),
  )
  const wrong = total - good - refused
  console.log(`independent readers: ${good}/${total} right, ${refused} refused in a line, ${wrong} wrong`)
  for (const line of misses) console.log(`miss: ${line}`)
  return wrong > 0 ? [`${wrong} wrong`] : []
}
