/** What runs a model in a process of its own; beside the library and the command line in the build as here. */
export const childScript = new URL('./run/child.js', import.meta.url)
