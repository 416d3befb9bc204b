import { app } from '@azure/functions';
import type { App } from '../shared/app.js';
import { traceOf } from '../shared/http/caller-trace.js';
import { inTrace } from '../shared/trace.js';

/**
 * What all triggers share: each invocation runs in the trace that the host gave it, and the first answer
 * lets telemetry be loaded.
 */
export function registerTelemetry({ telemetry }: App): void {
  app.hook.preInvocation((invocation) => {
    const { functionHandler } = invocation;
    invocation.functionHandler = (input, context) =>
      inTrace(traceOf(input, context), () => functionHandler(input, context));
  });
  app.hook.postInvocation(() => telemetry.answered());
}
