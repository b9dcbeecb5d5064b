// The compiled kernel of src/init: the same values as its plain TypeScript, bit for bit. Compiled by build.mjs (AssemblyScript).

export { bfloat16, float16 } from './encode'
export { normal, truncatedNormal, uniform } from './fill'
export { multiply } from './multiply'
export { measure } from './statistics'
export { torchNormal } from './torch'
