import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { constants, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/**
 * Keeps beside the command line's script what V8 compiles for the commonest jobs; src/cli.ts gives it back at the start. Behind it is the
 * CRC-32 of the script and it, little-endian.
 * @param {string} filename the script: dist/main.cjs
 */
export async function writeCodeCache(filename) {
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const source = readFileSync(filename)
  const script = new Script(source.toString('latin1'), { filename, importModuleDynamically })
  const program = { exports: {} }
  script.runInThisContext()(program.exports, createRequire(filename), program, filename, dirname(filename))
  const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-build-'))
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done() })
  const io = { stdin: process.stdin, stdout, stderr: process.stderr, env: {}, signal: new AbortController().signal }
  try {
    for (const argv of jobs(join(folder, 'model.onnx')))
      if ((await program.exports.main(argv, io)) !== 0) throw new Error(`onnx-reinit ${argv.join(' ')} failed in the build`)
  } finally {
    rmSync(folder, { recursive: true })
  }
  const cache = script.createCachedData()
  const { cachedDataRejected } = new Script(source.toString('latin1'), { filename, cachedData: cache, importModuleDynamically })
  if (cachedDataRejected) throw new Error('V8 does not take the code cache: its flags are others now than at the start')
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(cache, crc32(source)))
  writeFileSync(filename.replace(/\.cjs$/, `-${process.version}-${process.arch}.cache`), Buffer.concat([cache, checksum]))
}

function* jobs(output) {
  const model = 'fixtures/docnet.onnx'
  yield [model, '--layers', 'fc', '--xavier-normal', '--no-run', '-o', output]
  yield ['inspect', model]
}
