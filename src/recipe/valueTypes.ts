import { initializerSchema } from './initializerSchema.js'
import type { Key, ValueType } from './keys.js'
import type { Tree } from './tree.js'

/** Reading and schema of a type stand together: both take the same values. */
interface Type {
  /** "true or false": what a value must be, for messages. */
  expects(this: void, key: Key): string
  schema(this: void, key: Key, map: (key: Key) => object): object
  /** The value as the library takes it; undefined where it is none. `map` reads a map of `key.keys`, or refuses. */
  read(this: void, value: Tree, key: Key, map: (value: Tree, index?: number) => object): unknown
}

export const valueTypes: Readonly<Record<ValueType, Type>> = {
  switch: {
    expects: () => 'true or false',
    schema: () => ({ type: 'boolean' }),
    read: (value) => (typeof scalar(value) === 'boolean' ? scalar(value) : undefined),
  },
  number: {
    expects: () => 'a finite number',
    schema: () => ({ type: 'number' }),
    read: (value) => numberOf(value),
  },
  count: {
    expects: () => 'a whole number from 1',
    schema: () => ({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    read: (value) => wholeFrom(1, value),
  },
  choice: {
    expects: ({ choices = [] }) => `one of ${choices.join(', ')}`,
    schema: ({ choices }) => ({ enum: choices }),
    read: (value, { choices }) => choices?.find((choice) => choice === scalar(value)),
  },
  gain: {
    expects: ({ choices = [] }) => `a number or one of ${choices.join(', ')}`,
    schema: ({ choices }) => ({ anyOf: [{ type: 'number' }, { enum: choices }] }),
    read: (value, { choices }) => numberOf(value) ?? choices?.find((choice) => choice === scalar(value)),
  },
  text: {
    expects: () => 'a text',
    schema: () => TEXT,
    read: (value) => textOf(value),
  },
  list: {
    expects: ({ choices }) => (choices ? `one or a list of ${choices.join(', ')}` : 'a name or a list of names'),
    schema: ({ choices }) => {
      const item = choices ? { enum: choices } : { anyOf: [TEXT, { type: 'number' }] }
      return { anyOf: [item, { type: 'array', items: item, minItems: 1 }] }
    },
    read: (value, { choices }) => {
      const names = (value.kind === 'list' ? value.items : [value]).map(nameOf)
      return names.length > 0 && names.every((name) => name !== undefined && (choices?.includes(name) ?? true)) ? names : undefined
    },
  },
  indices: {
    expects: () => 'a list of whole numbers from 0',
    schema: () => ({ type: 'array', items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, minItems: 1 }),
    read: (value) => {
      const indices = value.kind === 'list' ? value.items.map((item) => wholeFrom(0, item)) : []
      return indices.length > 0 && !indices.includes(undefined) ? indices : undefined
    },
  },
  seed: {
    expects: () => 'a whole number from 0 to 2^64-1, above 2^53 in quotes',
    schema: () => ({
      anyOf: [
        { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        { type: 'string', pattern: '^[0-9]{1,20}$' },
      ],
    }),
    read: (value) => {
      const seed = scalar(value)
      if (typeof seed === 'string') return /^\d{1,20}$/.test(seed) && BigInt(seed) < 2n ** 64n ? seed : undefined
      return typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0 ? String(seed) : undefined
    },
  },
  parameters: {
    expects: () => 'a map of numbers, texts, true and false',
    schema: () => ({ type: 'object', additionalProperties: { type: ['number', 'string', 'boolean'] } }),
    read: (value) => {
      if (value.kind !== 'map') return undefined
      const parameters = [...value.entries].map(([name, entry]) => [name, scalar(entry.value)] as const)
      return parameters.some(([, v]) => v === undefined || v === null) ? undefined : Object.fromEntries(parameters)
    },
  },
  initializer: {
    expects: ({ description }) => description,
    schema: () => initializerSchema(),
    read: (value, _, map) => (value.kind === 'map' ? { parameters: {}, ...map(value) } : textOf(value)),
  },
  map: {
    expects: ({ keys = {} }) => `a map of ${Object.keys(keys).join(', ')}`,
    schema: (key, map) => map(key),
    read: (value, _, map) => map(value),
  },
  maps: {
    expects: () => 'a list of maps',
    schema: (key, map) => ({ type: 'array', items: map(key), minItems: 1 }),
    read: (value, _, map) => (value.kind === 'list' && value.items.length > 0 ? value.items.map((item, i) => map(item, i)) : undefined),
  },
}

const TEXT = { type: 'string', minLength: 1 }

const scalar = (value: Tree) => (value.kind === 'scalar' ? value.value : undefined)

function textOf(value: Tree): string | undefined {
  const text = scalar(value)
  return typeof text === 'string' && text !== '' ? text : undefined
}

function numberOf(value: Tree): number | undefined {
  const number = scalar(value)
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function wholeFrom(least: number, value: Tree): number | undefined {
  const number = scalar(value)
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= least ? number : undefined
}

/** Layers may be called 0 or 1.5: a number is taken as it is written. */
const nameOf = (value: Tree) => (typeof scalar(value) === 'number' && value.kind === 'scalar' ? value.source : textOf(value))
