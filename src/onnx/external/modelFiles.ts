import { FilePool } from '../../bytes/filePool.js'
import { FileWindow } from '../../bytes/fileWindow.js'
import type { ByteSource, Model } from '../../types.js'

/** Path of a file as ranges of a model name it: '' is the model itself, others are locations. */
export const pathIn = ({ path, externalFiles }: Pick<Model, 'path' | 'externalFiles'>, file: string): string =>
  file === '' ? path : (externalFiles.get(file)?.path ?? file)

/** A model's files, each read through a buffer of its own. */
export interface ModelFiles {
  open(this: void, file: string): ByteSource
  close(this: void): void
}

export function modelFiles(model: Model): ModelFiles {
  const files = new FilePool((path) => new FileWindow(path))
  return { open: (file) => files.get(pathIn(model, file)), close: () => files.close() }
}
