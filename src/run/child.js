// The child process of a run: loads one model in onnxruntime-node, runs it, says what came out. Whatever the runtime does to this process is
// then a result of the parent's.

/** @import { Job, Message, Ran } from './job.js' */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { attempts, bindShapes } from './attempts.js'
import { describeOutput } from './describeOutput.js'
import { makeValues } from './makeValues.js'
import { tensorTypes } from './tensorTypes.js'

/**
 * @typedef {typeof import('onnxruntime-node')} Runtime
 * @typedef {import('onnxruntime-node').InferenceSession} Session
 * @typedef {import('onnxruntime-node').InferenceSession.ValueMetadata & { isTensor: true }} TensorMetadata
 */

/** 1 GiB: a model that needs more input than this to be proven is bound by hand. */
const MAX_INPUT_BYTES = 2 ** 30
/** Runs with outputs that are not right, before the child gives up: each costs a whole run. */
const MAX_WRONG_RUNS = 4

process.once('message', async (job) => {
  await run(/** @type {Job} */ (job))
  send({ kind: 'done' })
})
// neither the parent's death nor an endless run leaves a process behind: a run blocks this thread, so another one looks on
process.once('disconnect', () => process.exit())
new Worker(
  `const { workerData: parent } = require('node:worker_threads')
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`,
  { eval: true, workerData: process.ppid },
)

/** @param {Message} message */
const send = (message) => process.send?.(message)
/** @param {unknown} error */
const text = (error) => (error instanceof Error ? error.message : String(error))

/** @param {Job} job */
async function run(job) {
  /** @type {Runtime} */
  let runtime
  try {
    runtime = (await import('onnxruntime-node')).default
  } catch (error) {
    return send({ kind: 'unloadable', message: text(error) })
  }
  try {
    const session = await runtime.InferenceSession.create(job.path, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
      // one run gains nothing from either
      enableCpuMemArena: false,
      enableMemPattern: false,
    })
    await tryAttempts(runtime, session, job)
  } catch (error) {
    send({ kind: 'error', message: text(error), inputs: [] })
  }
}

/** @param {Runtime} runtime @param {Session} session @param {Job} job */
async function tryAttempts({ Tensor }, session, job) {
  const limit = limitOf(session)
  if (limit !== null) return send({ kind: 'unsupported', message: limit })
  const inputs = session.inputMetadata.filter((input) => input.isTensor)
  const deadline = performance.now() + job.milliseconds
  const tried = new Set()
  let wrongRuns = 0
  /** @type {Message | null} */
  let firstError = null
  for (const [index, attempt] of attempts.entries()) {
    if (index < job.first || index >= job.last) continue
    if (wrongRuns === MAX_WRONG_RUNS || (tried.size > 0 && performance.now() > deadline)) break
    const shapes = bindShapes(inputs, job, attempt)
    const shown = inputs.map(({ name, type }, i) => ({ name, dataType: tensorTypes[type]?.dataType ?? type, shape: shapes[i] ?? [] }))
    const fills = inputs.map(({ name, type }) => fillOf(job, attempt, name, type))
    const key = JSON.stringify([shapes, fills])
    if (tried.has(key)) continue
    tried.add(key)
    try {
      const bytes = shapes.reduce((sum, shape) => sum + elementCount(shape) * 8, 0)
      if (bytes > MAX_INPUT_BYTES)
        throw new RangeError(`inputs of ${bytes} bytes (limit ${MAX_INPUT_BYTES}): give smaller sizes with --dim`)
      /** @type {Record<string, InstanceType<Runtime['Tensor']>>} */
      const feeds = Object.create(null)
      inputs.forEach(({ name, type }, i) => {
        const shape = shapes[i] ?? []
        const given = Object.hasOwn(job.inputs, name) ? job.inputs[name] : undefined
        const values = given?.kind === 'file' ? readValues(type, given) : makeValues(name, type, elementCount(shape), fills[i] ?? 'ones')
        feeds[name] = new Tensor(type, /** @type {Float32Array} */ (values), shape)
      })
      const { outputs, note } = await runOnce(session, feeds, job.probed ?? [])
      /** @type {Ran} */
      const ran = { kind: 'ran', attempt: index, inputs: shown, outputs, problem: problemOf(session, outputs, job.probed ?? []), note }
      send(ran)
      if (job.until === 'runs' || ran.problem === null) return
      wrongRuns++
    } catch (error) {
      firstError ??= { kind: 'error', message: text(error), inputs: shown }
    }
  }
  if (wrongRuns === 0 && firstError) send(firstError)
}

/** What onnxruntime-node can't pass in or out (its process would abort on 4-bit outputs); null: nothing. @param {Session} session */
function limitOf({ inputMetadata, outputMetadata }) {
  const input = inputMetadata.find((i) => !i.isTensor)
  if (input) return `input ${JSON.stringify(input.name)} is no tensor, and onnxruntime-node takes nothing else`
  const output = outputMetadata.find((o) => o.isTensor && (o.type === 'int4' || o.type === 'uint4'))
  return output ? `output ${JSON.stringify(output.name)} holds 4-bit integers, and onnxruntime-node can't return them` : null
}

/** @param {Job} job @param {import('./attempts.js').Attempt} attempt @param {string} name @param {string} type */
function fillOf({ inputs }, { floats, integers }, name, type) {
  const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined
  if (given) return given.kind === 'fill' ? given.fill : 'zeros'
  return type.startsWith('float') ? floats : integers
}

/** @param {readonly number[]} shape */
const elementCount = (shape) => shape.reduce((n, d) => n * d, 1)

/** Values of a .npy file, whose header was checked. @param {string} type @param {Extract<Job['inputs'][string], { kind: 'file' }>} file */
function readValues(type, { path, start, byteLength }) {
  const array = tensorTypes[type]?.array
  if (!array) throw new TypeError(`no file holds values of type ${type}`)
  const bytes = new Uint8Array(byteLength)
  const descriptor = openSync(path, 'r')
  try {
    let at = 0
    while (at < byteLength) {
      const count = readSync(descriptor, bytes, at, byteLength - at, start + at)
      if (count === 0) throw new RangeError(`${path} ends at byte ${start + at}, ${start + byteLength} are needed`)
      at += count
    }
  } finally {
    closeSync(descriptor)
  }
  return new array(bytes.buffer)
}

/**
 * @param {Session} session
 * @param {Parameters<Session['run']>[0]} feeds
 * @param {readonly string[]} probed
 * @returns {Promise<{ outputs: import('./job.js').RanOutput[], note: string | null }>}
 */
async function runOnce(session, feeds, probed) {
  const names = session.outputMetadata.flatMap((output) => (output.isTensor ? [output.name] : []))
  // the whole graph is run whatever is fetched; a sequence or a map can't be
  const tensors = await (names.length > 0 ? session.run(feeds, names) : session.run(feeds).catch(ignoreOtherThanTensors))
  const unread = session.outputNames.filter((name) => !Object.hasOwn(tensors, name))
  const outputs = session.outputMetadata.map((output) => {
    const tensor = Object.hasOwn(tensors, output.name) ? tensors[output.name] : undefined
    if (tensor) return { ...describeOutput(output.name, tensor), ...(probed.includes(output.name) && hashOf(tensor.data)) }
    const dataType = output.isTensor ? (tensorTypes[output.type]?.dataType ?? output.type) : 'UNDEFINED'
    return { name: output.name, dataType, shape: [], finite: null, mean: null, std: null, min: null, max: null }
  })
  const list = unread.map((name) => JSON.stringify(name)).join(', ')
  return { outputs, note: unread.length > 0 ? `not looked at: output ${list}` : null }
}

/** @param {unknown} data */
function hashOf(data) {
  if (!ArrayBuffer.isView(data)) return {}
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** The binding's words when a run is through and its result is a sequence or a map. @param {unknown} error @returns {Record<string, never>} */
function ignoreOtherThanTensors(error) {
  if (text(error).startsWith('Non tensor type')) return {}
  throw error
}

/**
 * What is wrong with the outputs: not finite, or another rank or size than declared. `[]` is a scalar or no declaration.
 * @param {Session} session
 * @param {readonly import('../types.js').RunOutput[]} outputs
 * @param {readonly string[]} probed
 */
function problemOf({ outputMetadata }, outputs, probed) {
  for (const [i, { name, finite, shape }] of outputs.entries()) {
    if (probed.includes(name)) continue
    const declared = /** @type {TensorMetadata | undefined} */ (outputMetadata[i])?.shape ?? []
    const agrees = declared.length === shape.length && declared.every((dim, axis) => typeof dim === 'string' || dim === shape[axis])
    if (finite !== null && declared.length > 0 && !agrees)
      return `output ${JSON.stringify(name)} is [${shape.join(', ')}], the model declares [${declared.map((d) => (d === '' ? '?' : d)).join(', ')}]`
    if (finite === false) return `output ${JSON.stringify(name)} is not finite`
  }
  return null
}
