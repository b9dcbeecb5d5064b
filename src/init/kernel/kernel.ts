import { binary } from './binary.js'

/** The functions of assembly/. Addresses and strides in bytes; 64-bit block numbers. */
export interface Kernel {
  readonly memory: WebAssembly.Memory
  uniform(
    at: number,
    blocks: number,
    block: bigint,
    h0: number,
    h1: number,
    k0: number,
    k1: number,
    half: number,
    middle: number,
    low: number,
    high: number,
  ): void
  normal(at: number, blocks: number, block: bigint, h0: number, h1: number, k0: number, k1: number, mean: number, std: number): void
  truncatedNormal(
    at: number,
    blocks: number,
    block: bigint,
    h0: number,
    h1: number,
    k0: number,
    k1: number,
    mean: number,
    std: number,
    low: number,
    high: number,
    left: number,
    leftStep: number,
    rightStep: number,
    leftFirst: number,
    rightFirst: number,
  ): void
  float16(at: number, count: number, out: number): void
  bfloat16(at: number, count: number, out: number): void
  multiply(
    m: number,
    n: number,
    k: number,
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    c: number,
    cRow: number,
  ): void
  torchNormal(at: number, blocks: number, mean: number, std: number, doubts: number): number
  measure(at: number, count: number, out: number, counts: number, first: number, perUnit: number, last: number): void
}

/** Bytes at the start of its memory that are its own. */
export const RESERVED = 1 << 16

const compiled = binary === null ? null : lazily(() => new WebAssembly.Module(Buffer.from(binary as string, 'base64')))
const shared = compiled && lazily(() => instantiate(compiled()))

/** The kernel that the build embedded, or null. Its memory beyond RESERVED is scratch: what a call leaves there is good until the next. */
export const kernel = (): Kernel | null => shared && shared()

/** The same with a memory of its own, which goes when it goes: memories don't shrink. */
export const newKernel = (): Kernel | null => compiled && instantiate(compiled())

export const instantiate = (module: WebAssembly.Module): Kernel => new WebAssembly.Instance(module).exports as Kernel

function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
