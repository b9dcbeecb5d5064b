// Builds dist/: the bundled command line and library (esbuild), the types (tsc) and the script of the run in onnxruntime.
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { embedKernel } from './assembly/embedKernel.mjs'
import { writeCodeCache } from './bundle/codeCache.mjs'

const outdir = resolve(process.argv[2] ?? 'dist')
rmSync(outdir, { recursive: true, force: true })
if (outdir === resolve('dist'))
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  external: ['onnxruntime-node'],
  legalComments: 'none',
  alias: {
    // string-width compiles a /v regular expression at every start (+55 ms); names here are ASCII
    'string-width': './src/commands/stringWidth.ts',
    // protobufjs gives 64-bit numbers in it when it reads, and here it writes
    long: './bundle/nothing.cjs',
  },
}
await build({
  ...{ ...settings, entryPoints: ['src/index.ts', 'src/run/child.js'], outdir, format: 'esm', splitting: true, plugins: [embedKernel] },
  // protobufjs is CommonJS: bundled code may call require
  banner: { js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);" },
})
/** @type {import('esbuild').Plugin} */
const yargsPlatform = {
  name: 'yargsPlatform',
  setup: ({ onResolve }) => onResolve({ filter: /\/platform-shims\/esm\.mjs$/ }, () => ({ path: resolve('bundle/yargsPlatform.mjs') })),
}
// The command line is one script, for which V8 has a code cache: split into modules it took 12 ms more to start, with its white space 3 ms
// more. It is a function of what a CommonJS module has, and as a module exports that function.
await build({
  ...{ ...settings, entryPoints: ['src/commands/main.ts'], outfile: `${outdir}/main.cjs`, format: 'cjs' },
  ...{ minifyWhitespace: true, minifySyntax: true, define: { 'import.meta.url': '__url' }, plugins: [embedKernel, yargsPlatform] },
  banner: {
    js: `((f)=>(typeof module==='object'&&(module.exports=f),f))(function(exports,require,module,__filename,__dirname){
const __url=require('url').pathToFileURL(__filename).href;require=(${lazily})(require);`,
  },
  footer: { js: '})' },
})
await build({ ...settings, entryPoints: ['src/cli.ts'], outfile: `${outdir}/cli.cjs`, format: 'cjs' })
// for those who call it by this name: an ES module takes 3 ms more to start
writeFileSync(`${outdir}/cli.js`, "#!/usr/bin/env node\nimport './cli.cjs'\n")
for (const name of ['cli.cjs', 'cli.js']) chmodSync(`${outdir}/${name}`, 0o755)
await writeCodeCache(`${outdir}/main.cjs`)

/** Node's own modules are loaded when something of them is first used. This goes into the bundle as it is written here. */
function lazily(load) {
  return (name) => {
    let found
    return new Proxy({}, { get: (_, key) => (found ??= load(name))[key] })
  }
}
