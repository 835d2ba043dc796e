import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { startBackend } from '../dev/backend.ts'
import { PROJECT_ROOT, readSettings } from '../dev/settings.ts'
import { bundleAll } from './runtime/bundles.ts'
import { Subjects } from './runtime/subject.ts'
const directory = mkdtempSync((process.env.TMP0 ?? '/tmp') + '/zz-')
const backend = await startBackend(readSettings(PROJECT_ROOT, process.env), directory)
const subjects = new Subjects({ directory, bundles: await bundleAll(join(directory, 'bundles')), variables: backend.variables, inspects: false })
const s = await subjects.start('usher')
const c = spawn(process.execPath, ['/tmp/usher/f/load.mjs', s.url, String(s.pid), process.argv[2] ?? '600', process.argv[3] ?? '48'], { stdio: 'inherit' })
if (process.env.STRACE) { setTimeout(() => spawn('bash', ['-c', process.env.STRACE!.replace('PID', String(s.pid))], { stdio: 'inherit' }), Number(process.env.AT ?? 12000)) }
await new Promise((r) => c.on('exit', r))
await s.stop(); await backend.stop(); process.exit(0)
