// Writes the module of a workload to stdout. node module.mjs WORKLOAD
import { writeSync } from 'node:fs'
import { toModule } from '../policy.mjs'
import { createWorkload } from '../workload.mjs'

const bytes = toModule(createWorkload(process.argv[2], { pool: 2 }))
for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
