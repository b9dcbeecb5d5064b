// Builds dist/: the bundled command line and library (esbuild), the types (tsc) and the script of the run in onnxruntime.
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { embedKernel } from './assembly/embedKernel.mjs'

const outdir = process.argv[2] ?? 'dist'
rmSync(outdir, { recursive: true, force: true })
if (outdir === 'dist')
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
const settings = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // protobufjs and yargs' dependencies are CommonJS in places: bundled code may call require
  banner: { js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);" },
  external: ['onnxruntime-node'],
  // string-width compiles a /v regular expression at every start (+55 ms); names here are ASCII
  alias: { 'string-width': './src/commands/stringWidth.ts' },
  legalComments: 'none',
}
await build({ ...settings, entryPoints: ['src/index.ts', 'src/run/child.js'], outdir, splitting: true, plugins: [embedKernel] })
// the command line is one file beside its entry: split into chunks it took 12 ms more to start, with its white space 3 ms more
const main = 'src/commands/main.ts'
await build({
  ...{ ...settings, entryPoints: [main], outfile: `${outdir}/main.js`, plugins: [embedKernel] },
  ...{ minifyWhitespace: true, minifySyntax: true },
})
/** @type {import('esbuild').Plugin} */
const besideEntry = {
  name: 'main',
  setup: ({ onResolve }) => onResolve({ filter: /\/commands\/main\.js$/ }, () => ({ path: './main.js', external: true })),
}
await build({ ...settings, entryPoints: ['src/cli.ts'], outfile: `${outdir}/cli.js`, plugins: [besideEntry] })
chmodSync(`${outdir}/cli.js`, 0o755)
