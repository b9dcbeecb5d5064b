// Prints the CPU seconds of readModel, and of findWeights behind it: node indexingChild.mjs MODULE MODEL
import { pathToFileURL } from 'node:url'

const [module, path] = process.argv.slice(2)
const { readModel, findWeights } = await import(pathToFileURL(module).href)
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const start = cpu()
const model = readModel(path)
const indexed = cpu()
findWeights(model)
console.log(JSON.stringify({ read: indexed - start, find: cpu() - indexed }))
