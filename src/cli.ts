#!/usr/bin/env node
import { version } from './version.js'

const argv = process.argv.slice(2)
if (argv[0] === '--version') console.log(version)
else process.exitCode = await (await import('./commands/main.js')).main(argv)
