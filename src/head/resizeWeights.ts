import { resizedTensor } from '../onnx/resizedTensor.js'
import type { Fan, Model, Quantization, Resize, Tensor, Weight } from '../types.js'

/**
 * Weights as they are with other sizes of their class axes: fan_out follows, fan_in stays. Their tensors, scales and zero points hold the
 * old values, repeated. `tensors`: each new one, and the one that it was.
 */
export function resizeWeights(
  model: Model,
  weights: readonly Weight[],
  resizes: ReadonlyMap<Tensor, Resize>,
): { readonly weights: ReadonlyMap<Weight, Weight>; readonly tensors: ReadonlyMap<Tensor, Tensor> } {
  const resized = new Map([...resizes].map(([tensor, { axis, size }]) => [tensor, resizedTensor(model, tensor, axis, size)]))
  const now = (tensor: Tensor) => resized.get(tensor) ?? tensor
  const known = new Map<Quantization, Quantization>()
  const quantizationOf = (q: Quantization, resize: Resize | undefined): Quantization => {
    const dims = q.dims.map((d, i) => (resize?.axis === i ? resize.size : d))
    const blocks = q.blocks.map((b, i) => (b === q.dims[i] ? (dims[i] ?? b) : b))
    const steps = { scales: q.scales.map(now), zeroPoints: q.zeroPoints.map(now), products: q.products.map(now) }
    const made = known.get(q) ?? { ...q, ...steps, dims, blocks }
    known.set(q, made)
    return made
  }
  const concerned = ({ tensor, quantization: q }: Weight) =>
    [tensor, ...(q ? [...q.scales, ...q.zeroPoints, ...q.products] : [])].some((t) => resized.has(t))
  const changed = weights.filter(concerned).map((weight): [Weight, Weight] => {
    const resize = resizes.get(weight.tensor)
    const ratio = resize ? resize.size / (weight.tensor.dims[resize.axis] ?? 1) : 1
    const fanOf = (fan: Fan | null) => fan && { fanIn: fan.fanIn, fanOut: fan.fanOut * ratio }
    const of = <T extends { readonly fan: Fan | null; readonly quantization: Quantization | null }>(part: T): T => ({
      ...part,
      fan: fanOf(part.fan),
      quantization: part.quantization && quantizationOf(part.quantization, resize),
    })
    return [weight, { ...of(weight), tensor: now(weight.tensor), uses: weight.uses.map(of) as unknown as Weight['uses'] }]
  })
  return { weights: new Map(changed), tensors: new Map([...resized].map(([old, made]) => [made, old])) }
}
