import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ReinitError } from '../errors.js'

/** Version of the onnxruntime-node that a run would load; null where it is not installed. It is not loaded for that. */
export function runtimeVersion(): string | null {
  const manifest = manifestOfRuntime()
  return manifest === null ? null : (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

/**
 * The same, where a run needs it.
 * @throws ReinitError `runtime`, which says what to do, where it is not installed or has no binary for this system.
 */
export function requireRuntime(): string {
  const manifest = manifestOfRuntime()
  const version = runtimeVersion()
  if (manifest === null || version === null)
    throw new ReinitError(
      'runtime',
      'The run needs onnxruntime-node, which is not installed: npm install onnxruntime-node, or give --no-run.',
    )
  const { platform, arch } = process
  const binary = join(dirname(manifest), 'bin', 'napi-v6', platform, arch)
  if (existsSync(join(dirname(manifest), 'bin', 'napi-v6')) && !existsSync(binary))
    throw new ReinitError('runtime', `onnxruntime-node ${version} has no binary for ${platform}-${arch}: give --no-run.`)
  return version
}

function manifestOfRuntime(): string | null {
  try {
    return createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  } catch {
    return null
  }
}
