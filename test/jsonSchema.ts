// As much of JSON Schema (draft 7) as the recipe's schema uses; what it does not know it refuses.

export interface Schema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly minItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly pattern?: string
}

/** Whether a keyword of the schema holds of a value; keywords of other types hold. */
const keywords: { readonly [K in keyof Schema]-?: (value: unknown, given: NonNullable<Schema[K]>, schema: Schema) => boolean } = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (value, types) => [types].flat().some((type) => typesOf(value).includes(type)),
  enum: (value, values) => values.includes(value),
  anyOf: (value, schemas) => schemas.some((schema) => accepts(schema, value)),
  properties: (value, properties) =>
    !isMap(value) || Object.entries(properties).every(([key, schema]) => !Object.hasOwn(value, key) || accepts(schema, value[key])),
  required: (value, keys) => !isMap(value) || keys.every((key) => Object.hasOwn(value, key)),
  additionalProperties: (value, more, { properties = {} }) =>
    !isMap(value) ||
    Object.entries(value).every(
      ([key, item]) => Object.hasOwn(properties, key) || (typeof more === 'boolean' ? more : accepts(more, item)),
    ),
  items: (value, schema) => !Array.isArray(value) || value.every((item) => accepts(schema, item)),
  minItems: (value, least) => !Array.isArray(value) || value.length >= least,
  minimum: (value, least) => typeof value !== 'number' || value >= least,
  maximum: (value, most) => typeof value !== 'number' || value <= most,
  minLength: (value, least) => typeof value !== 'string' || value.length >= least,
  pattern: (value, pattern) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
}

export function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, given]) => {
    if (!Object.hasOwn(keywords, keyword)) throw new Error(`unknown keyword ${keyword}`)
    const holds = keywords[keyword as keyof Schema] as (value: unknown, given: unknown, schema: Schema) => boolean
    return holds(value, given, schema)
  })
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function typesOf(value: unknown): readonly string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value]
}
