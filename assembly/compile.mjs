import asc from 'assemblyscript/asc'

const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--memoryBase', '1024', '--initialMemory', '16']

/**
 * Compiles the kernel: WebAssembly with 128-bit SIMD, which every engine since Node 16 has, and no imports.
 * @returns {Promise<Uint8Array>}
 */
export async function compileKernel() {
  /** @type {Uint8Array | undefined} */
  let binary
  const { error, stderr } = await asc.main(['assembly/index.ts', '--outFile', 'kernel.wasm', ...OPTIONS], {
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents
    },
  })
  if (error !== null || binary === undefined) throw new Error(`The kernel does not compile: ${error?.message ?? ''}\n${stderr}`)
  return binary
}
