import { usage } from '../errors.js'
import type { InitializerSpec, Model, Quantization, Tensor, Values } from '../types.js'
import { isFloatType } from './values/dataTypes.js'
import { dequantizedReader } from './quantized/steps.js'
import { isReadable, readValues } from './values/readValues.js'

/** Where a rule that goes by old values reads them: the tensor itself, or (`from`) its namesake in another model. */
export function oldValuesOf(
  model: Model,
  { name, parameters }: InitializerSpec,
  tensor: Tensor,
  quantization: Quantization | null,
): Reader {
  if (name !== 'from' && quantization && !isFloatType(tensor.dataType))
    return lazily(() => dequantizedReader(tensor, quantization, (file) => model.open(file)))
  if (name !== 'from') return (start, end) => readValues(model, tensor, start, end)
  const path = String(parameters['file'])
  const other = model.other(path)
  const found = other.tensors.find((t) => t.name === tensor.name && t.graph.scope === tensor.graph.scope)
  const [quoted, dims] = [JSON.stringify(tensor.name), tensor.dims]
  if (!found) throw usage(`--init from: ${path} has no tensor ${quoted}. Leave it out with --exclude.`)
  if (`${found.dims}` !== `${dims}`)
    throw usage(`--init from: tensor ${quoted} is [${dims.join(', ')}], but [${found.dims.join(', ')}] in ${path}.`)
  if (!isReadable(found)) throw usage(`--init from: tensor ${quoted} of ${path} holds ${found.dataType} values, which can't be copied.`)
  return (start, end) => readValues(other, found, start, end)
}

type Reader = (start: number, end: number) => Values

/** A reader that is made when somebody asks; its values are float32, as those that are drawn. */
function lazily(make: () => Reader): Reader {
  let reader: Reader | undefined
  return (start, end) => Float32Array.from((reader ??= make())(start, end))
}
