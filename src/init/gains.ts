/**
 * The gains of torch.nn.init.calculate_gain; `leaky_relu` by its slope. tanh's 5/3 and selu's 3/4 are torch's empirical values.
 */
const calculated: Readonly<Record<string, (slope: number) => number>> = {
  linear: () => 1,
  conv1d: () => 1,
  conv2d: () => 1,
  conv3d: () => 1,
  conv_transpose1d: () => 1,
  conv_transpose2d: () => 1,
  conv_transpose3d: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leaky_relu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 3 / 4,
}

/**
 * 1/√E[f(z)²], z ~ N(0,1), for nonlinearities that torch has no gain for: a layer of variance gain²/fan_in keeps the second moment of its
 * inputs. Literals, from 40-digit quadrature.
 */
const secondMoment: Readonly<Record<string, number>> = {
  gelu: 1.5335304411955353,
  silu: 1.676532470331091,
  mish: 1.486847581273208,
  elu: 1.2451983007007066,
  hardswish: 1.7366572127665416,
  softplus: 1.0418668355353018,
}

/** torch's default slope of leaky_relu. */
export const DEFAULT_SLOPE = 0.01

/** Every nonlinearity that has a gain. */
export const nonlinearities: readonly string[] = [...Object.keys(calculated), ...Object.keys(secondMoment)]

/** The gain of a nonlinearity, or null where none is known. */
export function calculateGain(nonlinearity: string, slope = DEFAULT_SLOPE): number | null {
  if (Object.hasOwn(calculated, nonlinearity)) return (calculated[nonlinearity] as (slope: number) => number)(slope)
  return Object.hasOwn(secondMoment, nonlinearity) ? (secondMoment[nonlinearity] as number) : null
}

/** Whether the gain is the second-moment one, which torch's calculate_gain does not give. */
export const isSecondMoment = (nonlinearity: string) => Object.hasOwn(secondMoment, nonlinearity)
