import { posix } from 'node:path'

/** A location without "./" and doubled slashes: two spellings of one file are one file. */
export const plainName = (location: string): string => posix.normalize(location)
