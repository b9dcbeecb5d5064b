import type { Tensor, Weight } from '../../types.js'

/** Who has which scales and zero points. */
export class Users {
  /** Parameters by their tensor. */
  readonly weights: ReadonlyMap<Tensor, Weight>
  private readonly quantized = new Map<Tensor, Weight[]>()
  private readonly products = new Map<Tensor, Weight[]>()

  constructor(weights: readonly Weight[]) {
    this.weights = new Map(weights.map((w) => [w.tensor, w]))
    for (const weight of weights) {
      const { scales = [], zeroPoints = [], products = [] } = weight.quantization ?? {}
      for (const tensor of [...scales, ...zeroPoints]) push(this.quantized, tensor, weight)
      for (const tensor of products) push(this.products, tensor, weight)
    }
  }

  /** Biases in steps of a product with one of these scales, in the order of the file. */
  inStepsOf(scales: readonly Tensor[]): Weight[] {
    return [...new Set(scales.flatMap((s) => this.products.get(s) ?? []))].sort((a, b) => a.tensor.at - b.tensor.at)
  }

  /** Why a scale or zero point of `ours` can't be given other values; null: it can. */
  sharing(tensor: Tensor, ours: readonly Weight[]): string | null {
    const name = JSON.stringify(tensor.name)
    const weight = this.weights.get(tensor)
    if (!weight) return `${name} can't be written`
    if (tensor.elements.kind !== 'stored') return `${name} can't be written: ${tensor.elements.reason}`
    const use = weight.uses.find((u) => u.role !== 'quant_scale' && u.role !== 'quant_zero_point')
    if (use) return `${name} is a ${use.role} of ${JSON.stringify(use.layer)} too`
    const other = this.quantized.get(tensor)?.find((w) => !ours.includes(w))
    if (other) return `${name} is also that of ${JSON.stringify(other.tensor.name)}, which is not redrawn with it`
    const [reader] = weight.readers
    return reader ? `${name} is also read by ${JSON.stringify(reader.name || reader.opType)}` : null
  }
}

function push(map: Map<Tensor, Weight[]>, tensor: Tensor, weight: Weight): void {
  const known = map.get(tensor)
  if (known === undefined) map.set(tensor, [weight])
  else if (!known.includes(weight)) known.push(weight)
}
