import { compileKernel } from './compile.mjs'

/** esbuild's plugin that puts the compiled kernel, in base64, into src/init/kernel/binary.ts. */
export const embedKernel = {
  name: 'kernel',
  /** @param {import('esbuild').PluginBuild} build */
  setup: (build) =>
    build.onLoad({ filter: /src.init.kernel.binary\.ts$/ }, async () => ({
      contents: `export const binary = '${Buffer.from(await compileKernel()).toString('base64')}'`,
    })),
}
