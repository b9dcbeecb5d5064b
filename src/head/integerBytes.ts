import { ReinitError } from '../errors.js'
import type { Tensor } from '../types.js'

/**
 * Integers as a tensor stores them that holds the number of classes, or a number a class.
 * @throws ReinitError `conflict` where it is of another type than INT32 or INT64.
 */
export function integerBytes({ name, dataType }: Tensor, values: readonly number[]): Uint8Array {
  if (dataType === 'INT64') return bytesOf(BigInt64Array.from(values.map(BigInt)))
  if (dataType === 'INT32') return bytesOf(Int32Array.from(values))
  throw new ReinitError(
    'conflict',
    `Tensor ${JSON.stringify(name)} (${dataType}) holds numbers of the classes, and only INT32 and INT64 can be rewritten: select another layer by --layers, or leave --num-classes out.`,
  )
}

/** Little-endian, whatever the machine is. */
function bytesOf(values: BigInt64Array | Int32Array): Uint8Array {
  const bytes = Buffer.alloc(values.byteLength)
  values.forEach((v: bigint | number, i: number) => {
    if (typeof v === 'bigint') bytes.writeBigInt64LE(v, i * 8)
    else bytes.writeInt32LE(v, i * 4)
  })
  return bytes
}
