import { app } from '@azure/functions';
import type { App } from '../shared/app/app.js';
import { inTrace } from '../shared/base/trace.js';
import { traceOf } from '../shared/http/caller-trace.js';

/**
 * What all triggers share: each invocation runs in the trace that the host gave it, and the first answer
 * lets telemetry be loaded. Only where somebody looks at traces, telemetry or a receiver: before Node 24 an
 * asynchronous context slows every promise, and a cached answer is a tenth slower with it.
 */
export function registerHooks(services: App): void {
  const { settings, telemetry } = services;
  app.hook.appTerminate(() => services.stop());
  if (settings.telemetry) app.hook.postInvocation(() => telemetry.answered());
  if (!settings.telemetry && settings.destinations.length === 0) return;
  app.hook.preInvocation((invocation) => {
    const { functionHandler } = invocation;
    invocation.functionHandler = (input, context) =>
      inTrace(traceOf(input, context), () => functionHandler(input, context));
  });
}
