/** Usher as it deploys, and under `/bench/` a way to make a line do many things in one call. */
import production from '../../../../src/worker.ts'

// Every other object is production's; the name below wins over the same name among them.
export * from '../../../../src/worker.ts'
export { MeasuredLine as EventLine } from './measured-line.ts'

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url)
    if (!url.pathname.startsWith('/bench/')) return production.fetch(request, env, ctx)
    return env.EVENT_LINE.getByName(url.searchParams.get('event') ?? '').fetch(request)
  },
  scheduled: (controller, env) => production.scheduled(controller, env),
} satisfies ExportedHandler<Env>
