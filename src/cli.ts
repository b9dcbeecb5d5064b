#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { constants, Script } from 'node:vm'
import { crc32 } from 'node:zlib'
import { version } from './version.js'

type Program = typeof import('./commands/main.js')
/** The bundle of commands/main.ts (build.mjs): a function of what a CommonJS module has. */
type Bundle = (exports: Program, load: typeof require, module: { exports: Program }, filename: string, dirname: string) => void

const argv = process.argv.slice(2)
if (argv[0] === '--version') console.log(version)
else void run()

async function run(): Promise<void> {
  const filename = `${__dirname}/main.cjs`
  const program = { exports: {} as Program }
  load(filename)(program.exports, require, program, filename, __dirname)
  process.exitCode = await program.exports.main(argv)
}

/** The bundle with what V8 made of it in the build, where Node is the same; another compiles it anew, and newer ones have a cache for that. */
function load(filename: string): Bundle {
  const source = readFileSync(filename)
  const cachedData = codeCache(filename, source)
  if (cachedData !== null) {
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
    return new Script(source.toString('latin1'), { filename, cachedData, importModuleDynamically }).runInThisContext() as Bundle
  }
  const { enableCompileCache } = require('node:module') as { enableCompileCache?: () => void }
  enableCompileCache?.()
  return require(filename) as Bundle
}

/** V8 takes a damaged cache, or that of another script of the same length, and dies of it: a checksum of both is behind it. */
function codeCache(filename: string, source: Buffer): Buffer | null {
  try {
    const file = readFileSync(filename.replace(/\.cjs$/, `-${process.version}-${process.arch}.cache`))
    const end = file.length - 4
    return crc32(file.subarray(0, end), crc32(source)) === file.readUInt32LE(end) ? file.subarray(0, end) : null
  } catch {
    return null
  }
}
