/**
 * A trace as it goes on in another hop: the same trace id under a span id of its own
 * (https://www.w3.org/TR/trace-context/#mutating-the-traceparent-field).
 *
 * @param random from 0 to below 1
 * @returns undefined for what is no `traceparent`
 */
export function nextHop(traceparent: string | undefined, random: () => number): string | undefined {
  const [, traceId, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined) return undefined;
  const half = () =>
    Math.floor(1 + random() * 0xffff_fffe)
      .toString(16)
      .padStart(8, '0'); // all zeros are none
  return `00-${traceId}-${half()}${half()}-${flags}`;
}
