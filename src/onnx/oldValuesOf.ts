import { usage } from '../errors.js'
import type { InitializerSpec, Model, Tensor, Values } from '../types.js'
import { isReadable, readValues } from './readValues.js'

/** Where a rule that goes by old values reads them: the tensor itself, or (`from`) its namesake in another model. */
export function oldValuesOf(model: Model, { name, parameters }: InitializerSpec, tensor: Tensor): (start: number, end: number) => Values {
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
