import { resizedTensor } from '../onnx/edit/resizedTensor.js'
import type { Fan, Model, Quantization, Resize, Tensor, Weight } from '../types.js'

/**
 * Weights as they are with other sizes of their class axes: fan_out follows, fan_in stays. Their tensors, scales and zero points hold the
 * old values, those of kept classes and then all of them again and again. `tensors`: each new one, and the one that it was.
 */
export function resizeWeights(
  model: Model,
  weights: readonly Weight[],
  resizes: ReadonlyMap<Tensor, Resize>,
): { readonly weights: ReadonlyMap<Weight, Weight>; readonly tensors: ReadonlyMap<Tensor, Tensor> } {
  const resized = new Map([...resizes].map(([tensor, { axis, size, kept }]) => [tensor, resizedTensor(model, tensor, axis, size, kept)]))
  const now = (tensor: Tensor) => resized.get(tensor) ?? tensor
  const known = new Map<Quantization, Quantization>()
  const quantizationOf = (q: Quantization, tensor: Tensor): Quantization => {
    const resize = resizes.get(tensor)
    const dims = q.dims.map((d, i) => (resize?.axis === i ? resize.size : d))
    const blocks = q.blocks.map((b, i) => (b === q.dims[i] ? (dims[i] ?? b) : b))
    const steps = { scales: q.scales.map(now), zeroPoints: q.zeroPoints.map(now), products: q.products.map(now) }
    const kept = resize && resize.kept.length > 0 ? { kept: { axis: resize.axis, pairs: resize.kept, tensor, of: q } } : {}
    const made = known.get(q) ?? { ...q, ...steps, dims, blocks, ...kept }
    known.set(q, made)
    return made
  }
  const concerned = ({ tensor, quantization: q }: Weight) =>
    [tensor, ...(q ? [...q.scales, ...q.zeroPoints, ...q.products] : [])].some((t) => resized.has(t))
  const changed = weights.filter(concerned).map((weight): [Weight, Weight] => {
    const resize = resizes.get(weight.tensor)
    const [size, before] = resize ? [resize.size, weight.tensor.dims[resize.axis] ?? 1] : [1, 1]
    const fanOf = (fan: Fan | null) => fan && { fanIn: fan.fanIn, fanOut: (fan.fanOut * size) / before }
    const of = <T extends { readonly fan: Fan | null; readonly quantization: Quantization | null }>(part: T): T => ({
      ...part,
      fan: fanOf(part.fan),
      quantization: part.quantization && quantizationOf(part.quantization, weight.tensor),
    })
    return [weight, { ...of(weight), tensor: now(weight.tensor), uses: weight.uses.map(of) as unknown as Weight['uses'] }]
  })
  return { weights: new Map(changed), tensors: new Map([...resized].map(([old, made]) => [made, old])) }
}
