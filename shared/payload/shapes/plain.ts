import type { AnyShape } from '../shape.js';

/**
 * What people write by hand: `{"alertId":"…"}`, `{"id":"…"}`, `{"alertIds":["…"]}`, `["…"]`, `"…"`. A
 * lone `id` counts only if it is an alert id, since everything has an `id`. It says so little that it is
 * taken only where no known shape stands.
 */
export const plain: AnyShape = {
  name: 'plain',
  title: 'plain ids: {"alertId": "…"}, {"id": "…"}, {"alertIds": ["…"]} or ["…"]',
  where:
    '`alertId`, `id`, `alertIds[]`, `[]`: the id, the address of the alert’s page, or several with commas between',
  seen: 'whoever writes the body by hand: `curl`, playbooks, scripts',
};

/** What is answered where no known shape has the alert, but a string is its id. */
export const unknown: AnyShape = {
  name: 'unknown',
  title: 'JSON of no known shape',
  where:
    'strings that are an alert id as a whole, or the address of its page: with their letters (`da637…_…`) under any ' +
    'name but those of machines, detectors and incidents, without them under names such as `alert_id`',
  seen: 'tickets, wrappers of gateways, documents of other products',
};
