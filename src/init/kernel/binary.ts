/** The compiled kernel in base64. The build puts it here; run from source there is none, and plain TypeScript does the work. */
export const binary: string | null = null
