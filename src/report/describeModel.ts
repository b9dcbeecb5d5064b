import type { InspectReport, ReportSkipped } from '../reports.js'
import type { Item } from './block.js'
import { bytes, values } from './numbers.js'

/** 46.8 MB, opset 20, pytorch 2.15.0 */
export function describeModel({ byteLength, externalFiles, opsets, producer }: InspectReport['model']): string {
  const size = externalFiles.reduce((sum, file) => sum + file.byteLength, byteLength)
  const opset = opsets['ai.onnx']
  return [bytes(size), opset === undefined ? '' : `opset ${opset}`, producer].filter((part) => part !== '').join(', ')
}

/** A name in a table or list: an empty one shows. */
export const shown = (name: string) => (name === '' ? '""' : name)

export function* describeSkipped(skipped: readonly ReportSkipped[]): Iterable<Item> {
  for (const { name, elementCount, reason, detail } of skipped)
    yield { name: shown(name), text: `${values(elementCount)}; ${detail === '' ? reason : detail}` }
}

export const elementsOf = (tensors: readonly { readonly elementCount: number }[]) => tensors.reduce((sum, t) => sum + t.elementCount, 0)

/** A tensor's name, and the graph where that is not the main one. */
export const within = (name: string, scope: string) => (scope === '' ? shown(name) : `${shown(name)} in ${scope}`)
