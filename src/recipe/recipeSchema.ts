import { type Key, recipe } from './keys.js'
import { valueTypes } from './valueTypes.js'

/** The JSON Schema of recipes, for editors. */
export const recipeSchema = (): object => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'onnx-reinit recipe',
  ...schemaOf(recipe),
})

const schemaOf = (key: Key): object => ({ description: key.description, ...valueTypes[key.type].schema(key, mapSchema) })

const mapSchema = ({ keys = {}, required = [], someOf = [] }: Key): object => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, schemaOf(key)])),
  ...(required.length > 0 ? { required } : {}),
  ...(someOf.length > 0 ? { anyOf: someOf.map((name) => ({ required: [name] })) } : {}),
  additionalProperties: false,
})
