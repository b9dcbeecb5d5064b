import { FilePool } from './bytes/filePool.js'
import { fileSource, type FileSource, Window } from './bytes/source.js'
import { Cursor } from './bytes/wire.js'
import { invalid, ReinitError } from './errors.js'
import { externalFile } from './onnx/external/externalFile.js'
import { GraphReader } from './onnx/read/readGraph.js'
import { readModelFields } from './onnx/read/readModelFields.js'
import { SKELETON_KEY } from './skeleton/skeletonRecipe.js'
import type { OnRead } from './reports.js'
import type { ExternalFile, Model } from './types.js'

/**
 * Indexes an ONNX file: small fields are read, payloads become byte ranges. `onRead` is told how large it gets.
 * @throws ReinitError `io` where the file can't be opened, `invalid` where it is no ONNX model or contradicts itself.
 */
export function readModel(path: string, { onRead }: { readonly onRead?: OnRead } = {}): Model {
  const source = open(path)
  try {
    if (source.byteLength === 0) throw invalid(`${path} is empty: not an ONNX model.`)
    const window = new Window(source)
    const fields = readModelFields(new Cursor(window, { parent: null, lengthStart: 0, start: 0, end: source.byteLength }))
    if (fields.parts.length === 0) throw invalid(`${path} holds no graph: not an ONNX model.`)
    const reader = new GraphReader(window, fields.metadata.has(SKELETON_KEY), onRead)
    const graph = reader.mainGraph(fields.parts)
    const functions = fields.functions.map((frame) => reader.localFunction(frame))
    const tensors = reader.finish()
    const externalFiles = new Map<string, ExternalFile>()
    const files = new FilePool(open)
    const fileAt = externalFile(path)
    const others = new Map<string, Model>()
    for (const t of [...tensors, ...reader.unlisted]) {
      if (!t.external) continue
      const { location, offset, byteLength } = t.external
      const file = externalFiles.get(location) ?? fileAt(location)
      externalFiles.set(location, file)
      if (offset + byteLength > file.byteLength)
        throw invalid(
          `Tensor ${JSON.stringify(t.name)} needs bytes ${offset} to ${offset + byteLength} of ${JSON.stringify(location)}, which has ${file.byteLength}.`,
        )
    }
    onRead?.(graph.nodes.length + tensors.length)
    return {
      path,
      byteLength: source.byteLength,
      irVersion: fields.irVersion,
      opsets: fields.opsets,
      producer: fields.producer.filter(Boolean).join(' '),
      metadata: fields.metadata,
      graph,
      functions,
      externalFiles,
      tensors,
      unlisted: reader.unlisted,
      source,
      open(file) {
        if (file === '') return source
        const { path, byteLength } = externalFiles.get(file) as ExternalFile
        return { byteLength, read: (start, end) => files.get(path).read(start, end) }
      },
      other(another) {
        const known = others.get(another) ?? readModel(another)
        others.set(another, known)
        return known
      },
      close() {
        for (const m of others.values()) m.close()
        files.close()
        source.close()
      },
    }
  } catch (error) {
    source.close()
    throw error
  }
}

function open(path: string): FileSource {
  try {
    return fileSource(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ReinitError('io', `${path} ${reasons[code ?? ''] ?? `can't be read: ${code ?? String(error)}`}.`)
  }
}

const reasons: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  ESPIPE: 'is a pipe or a device, not a file: a model that is piped in is called -',
}
