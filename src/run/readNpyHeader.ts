import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { ReinitError, usage } from '../errors.js'

/** What a .npy file holds: NumPy's type code without byte order ("f4"), the shape, and the bytes of the values, in C order. */
export interface Npy {
  readonly type: string
  readonly shape: readonly number[]
  readonly start: number
  readonly byteLength: number
}

/** NumPy itself reads no header beyond 10,000 bytes. */
const MAX_HEADER_BYTES = 1 << 16
/** Arrays of Node 20 are filled by reads below 2 GiB; an input is never that large. */
const MAX_DATA_BYTES = 2 ** 31 - 1

/**
 * Reads the header of a NumPy array file, version 1, 2 or 3.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @throws ReinitError `io` where the file can't be read, `usage` where it holds no array of plain little-endian numbers in C order.
 */
export function readNpyHeader(path: string): Npy {
  let descriptor: number
  try {
    // a pipe is refused below, not waited for
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ReinitError('io', code === 'ENOENT' ? `${path} does not exist.` : `${path} can't be read: ${code ?? String(error)}.`)
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) throw usage(`${path} is no .npy file: give zeros, ones, random or a file.`)
    const bytes = Buffer.alloc(Math.min(status.size, 12 + MAX_HEADER_BYTES))
    readSync(descriptor, bytes, 0, bytes.length, 0)
    return parse(path, bytes, status.size)
  } finally {
    closeSync(descriptor)
  }
}

function parse(path: string, bytes: Buffer, fileLength: number): Npy {
  const version = bytes[6] ?? 0
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || version < 1 || version > 3)
    throw usage(`${path} is no .npy file of version 1 to 3: save it with numpy.save.`)
  const [headerStart, headerLength] = version === 1 ? [10, bytes.readUInt16LE(8)] : [12, bytes.readUInt32LE(8)]
  const start = headerStart + headerLength
  if (headerLength > MAX_HEADER_BYTES || start > fileLength)
    throw usage(`${path} is no .npy file: its header would end at byte ${start}, the file at ${fileLength}.`)
  const header = bytes.toString('latin1', headerStart, start)
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const dims = /'shape'\s*:\s*\(([^)]*)\)/
    .exec(header)?.[1]
    ?.split(',')
    .map((d) => d.trim())
  const type = /^[<|=]?([fiub][1248])$/.exec(descr ?? '')?.[1]
  if (descr?.startsWith('>'))
    throw usage(`${path} is big-endian (${descr}): save it with numpy.save(file, array.astype("${descr.slice(1)}")).`)
  if (type === undefined)
    throw usage(`${path} holds ${descr ?? 'structured values'}: an input is floats, integers or bools (f2 to f8, i1 to i8, u1 to u8, b1).`)
  if (dims === undefined || order === undefined || dims.some((d, i) => !/^\d+L?$/.test(d) && !(d === '' && i === dims.length - 1)))
    throw usage(`${path} is no .npy file: its header ${JSON.stringify(header.slice(0, 80))} can't be read.`)
  const shape = dims.filter(Boolean).map((d) => Number.parseInt(d, 10))
  if (order === 'True' && shape.length > 1)
    throw usage(`${path} is in Fortran order: save it with numpy.save(file, numpy.ascontiguousarray(array)).`)
  const byteLength = shape.reduce((n, d) => n * d, Number(type.slice(1)))
  if (byteLength > MAX_DATA_BYTES) throw usage(`${path} holds ${byteLength} bytes of values (limit ${MAX_DATA_BYTES}).`)
  if (start + byteLength !== fileLength)
    throw usage(`${path} is cut or too long: ${type} [${shape.join(', ')}] ends at byte ${start + byteLength}, the file at ${fileLength}.`)
  return { type, shape, start, byteLength }
}
