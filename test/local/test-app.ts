import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';

/** The library takes this once per process (here: per test file). */
app.setup({ enableHttpStream: true });

/** What a test shares with the app it registers. */
export interface Probe {
  events: string[];
  /** Handlers of `waits` hold until this is resolved. */
  gate: Promise<void>;
  /** Called when `waits` or `reads` has been entered. */
  entered: () => void;
}

/** An app with one function per thing that a host can get wrong. */
export function registerTestApp(probe: Probe): void {
  app.http('hello', { methods: ['GET', 'HEAD'], handler: () => ({ body: 'hello' }) });
  app.http('keyed', { methods: ['GET'], authLevel: 'function', handler: () => ({ body: 'in' }) });
  app.http('params', { methods: ['GET'], route: 'alerts/{id}/ips', handler: echoParams });
  app.http('literal', { methods: ['GET'], route: 'alerts/newest/ips', handler: () => ({ body: 'literal' }) });
  app.http('echo', { methods: ['POST', 'DELETE'], handler: echo });
  app.http('inspect', { methods: ['GET'], handler: inspect });
  app.http('tooLarge', { methods: ['POST'], handler: () => ({ status: 413, body: 'too large' }) });
  app.http('throws', { methods: ['POST', 'GET'], handler: () => Promise.reject(new Error('handler broke')) });
  app.http('nothing', { methods: ['GET'], handler: () => undefined as unknown as HttpResponseInit });
  app.http('badHeader', { methods: ['GET'], handler: () => ({ headers: { 'x-euro': '€' } }) });
  app.http('breaksOff', { methods: ['GET'], handler: () => ({ body: brokenBody(probe) }) });
  app.http('waits', {
    methods: ['GET'],
    handler: async () => {
      probe.entered();
      await probe.gate;
      probe.events.push('waits done');
      return { body: 'waited' };
    },
  });
  app.http('reads', {
    methods: ['POST'],
    handler: async (request) => {
      probe.entered();
      await request.text().catch((error: unknown) => {
        probe.events.push('reads failed');
        throw error;
      });
      return { body: 'read' };
    },
  });
  app.hook.appStart(() => void probe.events.push('appStart'));
  app.hook.appTerminate(() => void probe.events.push('appTerminate'));
  app.hook.preInvocation((context) => {
    probe.events.push(`pre ${context.invocationContext.functionName}`);
    context.hookData.seen = true;
  });
  app.hook.postInvocation((context) => {
    const outcome = context.error ? 'failed' : 'ok';
    probe.events.push(`post ${context.invocationContext.functionName} ${outcome} ${context.hookData.seen}`);
  });
}

function echoParams(request: HttpRequest): HttpResponseInit {
  return { jsonBody: request.params };
}

async function echo(request: HttpRequest): Promise<HttpResponseInit> {
  const body = Buffer.from(await request.arrayBuffer());
  return { status: 201, headers: { 'x-length': String(body.length) }, body };
}

function inspect(request: HttpRequest, context: InvocationContext): HttpResponseInit {
  context.log('inspected');
  return {
    headers: { 'x-own': 'yes', connection: 'x-own-hop', 'x-own-hop': 'no' },
    cookies: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
    jsonBody: {
      url: request.url,
      headers: Object.fromEntries(request.headers),
      traceParent: context.traceContext?.traceParent,
      traceState: context.traceContext?.traceState,
    },
  };
}

/** Breaks off when the gate opens. */
function brokenBody({ gate }: Probe): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('the beginning')),
    async pull(controller) {
      await gate;
      controller.error(new Error('body broke'));
    },
  });
}
