import { isObject, type JsonTexts, member } from '../json.js';
import { type Candidate, type Candidates, objectCandidate, type Shape, under } from '../shape.js';
import { graphAlertV2 } from './graph-alert-v2.js';
import { graphIncident } from './graph-incident.js';
import { mdeAlert } from './mde-alert.js';
import { xdrIncident } from './xdr-incident.js';

/** What XSOAR's integrations for Microsoft's APIs put into `rawJSON`, as they fetched it. */
const FETCHED = [mdeAlert, graphAlertV2, xdrIncident, graphIncident];

/**
 * A Cortex XSOAR incident; what was fetched stands in it as a JSON string:
 * https://xsoar.pan.dev/docs/integrations/fetching-incidents
 */
export const xsoarIncident: Shape = {
  name: 'xsoar-incident',
  title: 'Cortex XSOAR incident',
  where:
    '`rawJSON`, a JSON string: `id`, `alertId` or `AlertId` of the alert in it, or `alerts[]` of the incident; ' +
    'then `dbotMirrorId`',
  seen: 'Cortex XSOAR, incidents fetched by its integrations for Microsoft’s APIs',
  telltales: ['rawJSON'],
  find: (payload, texts) => {
    const rawJson = member(payload, 'rawJSON');
    if (typeof rawJson !== 'string') return undefined;
    const once = texts.parse(rawJson);
    const raw = typeof once === 'string' ? texts.parse(once) : once; // double encoding happens
    return rawCandidates(raw, member(payload, 'dbotMirrorId'), texts);
  },
};

function rawCandidates(raw: unknown, mirrorId: unknown, texts: JsonTexts): Candidates {
  for (const shape of FETCHED) {
    const candidates = shape.find(raw, texts);
    if (candidates) return prefixed(candidates);
  }
  if (!isObject(raw)) return [objectCandidate([], { ids: [mirrorId] })];
  const ids = [member(raw, 'id'), member(raw, 'alertId'), member(raw, 'AlertId'), mirrorId];
  return [objectCandidate(['rawJSON'], { ids })];
}

function* prefixed(candidates: Candidates): Generator<Candidate | undefined> {
  for (const candidate of candidates) yield candidate && under(['rawJSON'], candidate);
}
