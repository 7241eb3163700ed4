// Writes the module of a workload to stdout. node module.mjs WORKLOAD
import { writeSync } from 'node:fs'
import { createWorkload } from '../workload.mjs'
import { toModule } from './ours.mjs'

const bytes = toModule(createWorkload(process.argv[2], { pool: 2 }))
for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
