import { describe, expect, test } from '@jest/globals';
import { hasEndpointPrefix, isUnmistakable } from '../../shared/base/alert-id.js';
import { RequestError } from '../../shared/base/errors.js';
import { type AlertReference, findAlerts } from '../../shared/payload/references.js';
import fc from '../support/properties.js';
import { caseNames, payloadOf } from './recorded-case.js';

const TICKS = 'da638712000000000901_1000901';
const OTHER = 'da638712000000000902_1000902';
const GUID = 'c6a87bc6-1a2b-4c3d-8e4f-000000000903_1';

/** What a payload costs and reports: the ids that Defender is asked about, other products' alerts. */
interface Outcome {
  readonly asked: readonly string[];
  readonly skipped: readonly string[];
}

const NOTHING: Outcome = { asked: [], skipped: [] };

function references(payload: unknown): readonly AlertReference[] {
  try {
    return findAlerts(payload);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'no-alert-found' });
    expect(error).toBeInstanceOf(RequestError);
    return [];
  }
}

function outcome(payload: unknown): Outcome {
  return merged(
    references(payload).map((one) => {
      if (one.kind === 'endpoint') return { asked: [one.alertId], skipped: [] };
      const skipped = one.kind === 'other-product' ? [`${one.product} ${one.alertId}`] : [];
      return { asked: [], skipped };
    }),
  );
}

function merged(outcomes: readonly Outcome[]): Outcome {
  const all = (of: (one: Outcome) => readonly string[]) => [...new Set(outcomes.flatMap(of))].sort();
  return { asked: all((one) => one.asked), skipped: all((one) => one.skipped) };
}

/**
 * Whether every id in a payload says by itself what it is. Those written by hand without their letters only
 * count where somebody would write one.
 */
function isPlainlyMeant(payload: unknown): boolean {
  return references(payload).every(
    (one) =>
      (one.shape !== 'plain' && one.shape !== 'unknown') ||
      (one.kind === 'endpoint'
        ? hasEndpointPrefix(one.alertId)
        : one.kind === 'unusable' || isUnmistakable(one.alertId ?? '')),
  );
}

const cases: { name: string; payload: unknown }[] = [];
for (const name of await caseNames()) {
  // By itself that text is refused; as the content of an envelope it is Base64 that is read.
  if (name.startsWith('bad-input/') || name === 'field/base64-string') continue;
  const payload: unknown = JSON.parse(await payloadOf(name));
  if (isPlainlyMeant(payload)) cases.push({ name, payload });
}
const anyCase = fc.constantFrom(...cases);

type Wrap = (inner: unknown) => unknown;

/** Envelopes, lists, members and strings, known and unknown; beside the payload only what is no alert. */
const WRAPS: readonly Wrap[] = [
  (inner) => ({ body: inner }),
  (inner) => ({ statusCode: 200, headers: { 'x-ms-request-id': 'a' }, Body: inner }),
  (inner) => ({ context: inner, id: 7 }),
  (inner) => ({ value: [inner] }),
  (inner) => [inner],
  (inner) => [{ noise: 1 }, 'noise', null, inner, [], 7],
  (inner) => JSON.stringify(inner),
  (inner) => ({ specversion: '1.0', id: 'da638712000000000999_1', type: 't', source: 's', data: inner }),
  (inner) => ({ specversion: '1.0', id: '1', type: 't', source: 's', data_base64: base64(inner) }),
  (inner) => ({ id: '1', eventType: 't', subject: 's', dataVersion: '1', data: inner }),
  (inner) => ({ '$content-type': 'application/json', $content: base64(inner) }),
  (inner) => ({ ContentData: base64(inner), Properties: { machineId: 'x' }, SequenceNumber: 1 }),
  (inner) => ({ ContentData: inner, Properties: {} }),
  (inner) => ({ alert: inner, enrichment: { id: 'e', alerts: [] } }),
  (inner) => ({ x: inner }),
  (inner) => ({ ticket: { number: 'INC1', details: inner } }),
  (inner) => ({ event: inner, time: 1, sourcetype: 'a' }),
  (inner) => ({ message: JSON.stringify(inner) }),
  (inner) => ({ results: [{ id: 'no id' }, inner] }),
  (inner) => ({ data: inner }),
];

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

const anyWrap = fc.constantFrom(...WRAPS);
const SETTINGS = { numRuns: 1500, endOnFailure: true };

describe('an alert is one wherever it stands', () => {
  test('any case in any envelopes gives the same alerts at the cost of the same calls', () => {
    fc.assert(
      fc.property(anyCase, fc.array(anyWrap, { minLength: 1, maxLength: 4 }), ({ name, payload }, wraps) => {
        const wrapped = wraps.reduce((inner, wrap) => wrap(inner), payload);
        expect({ name, ...outcome(wrapped) }).toEqual({ name, ...outcome(payload) });
      }),
      SETTINGS,
    );
  });

  test('any cases in one list give the alerts that each of them gives by itself', () => {
    fc.assert(
      fc.property(fc.array(anyCase, { minLength: 2, maxLength: 4 }), (several) => {
        const alone = several.map(({ payload }) => outcome(payload));
        expect(outcome(several.map(({ payload }) => payload))).toEqual(merged(alone));
        expect(outcome({ x: several.map(({ payload }) => ({ payload })) })).toEqual(merged(alone));
      }),
      SETTINGS,
    );
  });

  test('the cases are worth it: most of them name alerts', () => {
    expect(cases.filter(({ payload }) => outcome(payload).asked.length > 0).length).toBeGreaterThan(100);
    expect(outcome({})).toEqual(NOTHING);
  });
});

describe('whose alert it is, where the suite is named', () => {
  const suite = (alertId: string, more = {}) => ({ alertId, serviceSource: 'Microsoft365Defender', ...more });
  const guid = '30d1b0aa-1111-4222-8333-444444444444';
  test.each<[string, unknown, string]>([
    ['letters of Defender for Endpoint', suite(`ed${guid}_1`), 'endpoint'],
    ['letters of another product', suite(`fa${guid}`), 'Microsoft Defender for Office 365'],
    ['letters that nobody has listed', suite(`zz${guid}`), 'Microsoft Defender XDR'],
    ['no letters', suite(`${guid}_1`), 'Microsoft Defender XDR'],
    [
      'no letters, and it begins with two that could be',
      suite(`ed${guid.slice(2)}_1`),
      'Microsoft Defender XDR',
    ],
    ['no id', suite('INC-7'), 'unusable'],
    ['an empty id', suite(''), 'unusable'],
    [
      'no letters in the id, and letters in the other',
      suite(`${guid}_1`, { providerAlertId: TICKS }),
      'endpoint',
    ],
  ])('%s', (_, payload, whose) => {
    const [found] = references([payload, { alertId: OTHER }]);
    expect(found?.kind === 'other-product' ? found.product : found?.kind).toBe(whose);
  });

  test('a document of Elastic is read whether its names are nested, dotted or partly so', () => {
    for (const document of [
      { event: { dataset: 'm365_defender.incident' }, m365_defender: { incident: { alert: { id: TICKS } } } },
      { 'event.dataset': 'm365_defender.incident', 'm365_defender.incident.alert.id': TICKS },
      {
        data_stream: { dataset: 'm365_defender.incident' },
        m365_defender: { 'incident.alert': { id: TICKS } },
      },
      { 'data_stream.dataset': 'm365_defender.incident', 'm365_defender.incident': { 'alert.id': TICKS } },
    ]) {
      expect(references([document])).toMatchObject([
        { shape: 'ecs', alertId: TICKS, path: [0], attachTo: [0] },
      ]);
    }
  });

  test('a document of Elastic that is no alert names no product’s alert', () => {
    const document = { event: { kind: 'event', dataset: 'system.auth' }, observer: { product: 'Contoso' } };
    expect(outcome(document)).toEqual(NOTHING);
    const alert = { event: { ...document.event, kind: 'alert' }, observer: document.observer };
    expect(outcome(alert).skipped).toEqual(['Contoso undefined']);
  });

  test('a digest that begins with two letters of a product is none of its alerts', () => {
    const sha1 = 'ad39a3ee5e6b4b0d3255bfef95601890afd80709';
    expect(outcome({ id: sha1 })).toEqual(NOTHING);
    expect(outcome({ id: `ad${sha1}` }).skipped).toHaveLength(1);
  });

  test('of TheHive, where anybody names the source as they like, an id found in the rest decides', () => {
    const hive = (source: string, id: string) => ({
      source,
      sourceRef: '4711',
      customFields: { ref: { string: id } },
    });
    expect(outcome(hive('Azure Sentinel', TICKS)).asked).toEqual([TICKS]);
    expect(outcome(hive('Azure Sentinel', 'INC-7')).skipped).toEqual(['Microsoft Sentinel undefined']);
    expect(outcome(hive('M365Defender', `fa${guid}`)).skipped).toHaveLength(1);
  });
});

describe('strings that name an alert', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['with letters under any name', { u_anything: TICKS }, [TICKS]],
    ['with letters in a pair', { custom: [{ name: 'ref', value: TICKS }] }, [TICKS]],
    ['without letters in a pair of a likely name', { custom: [{ name: 'alert-id', value: GUID }] }, [GUID]],
    ['without letters in a pair of another name', { custom: [{ name: 'ref', value: GUID }] }, []],
    ['without letters under another name', { u_anything: GUID }, []],
    ['in a pair that names a machine', { custom: [{ name: 'MachineId', value: TICKS }] }, []],
    ['of a machine', { x: { machine_id: TICKS } }, []],
    ['below a machine', { x: { machine: { id: TICKS } } }, []],
    ['of the incident', { x: { incidentId: TICKS, 'm.incident.id': TICKS } }, []],
    ["Sentinel's own", { x: { SystemAlertId: TICKS } }, []],
    ['twice in one object', { x: { id: TICKS, ref: TICKS } }, [TICKS]],
    ['two in one object', { x: { id: TICKS, ref: OTHER } }, [TICKS, OTHER]],
    [
      'in both forms in one object',
      { x: { a: GUID, providerAlertId: GUID, Id: `da${GUID}` } },
      [`da${GUID}`],
    ],
    ['in both forms in two objects', [{ alertId: GUID }, { x: { id: `da${GUID}` } }], [`da${GUID}`]],
    ['several with commas and blanks', { x: { ids: `${TICKS}, ${OTHER};\n` } }, [TICKS, OTHER]],
    ['several of which one is none', { x: { ids: `${TICKS}, INC-7` } }, []],
    [
      'an address under any name',
      { x: { note: `https://security.microsoft.us/alerts/${TICKS}/story` } },
      [TICKS],
    ],
    [
      'an address without letters',
      { x: { note: `https://securitycenter.windows.com/alert/${GUID}` } },
      [GUID],
    ],
    ['an address in a text', { x: { note: `see https://security.microsoft.com/alerts/${TICKS}` } }, []],
    [
      'in a process event of Elastic',
      { event: { kind: 'event', id: TICKS }, observer: { product: 'x' } },
      [TICKS],
    ],
    ['in an event’s data', { specversion: '1.0', data: GUID }, [GUID]],
    ['in an event’s data below a member', { x: { specversion: '1.0', data: GUID } }, []],
    ['as an event’s own id', { x: { specversion: '1.0', id: TICKS, data: {} } }, []],
    ['as a key', { [TICKS]: {} }, []],
    ["as an incident's own id", { incidentName: 'x', id: TICKS, incidentId: OTHER, alerts: [] }, []],
    [
      "as an incident's own id in Graph",
      { displayName: 'x', incidentWebUrl: 'y', id: TICKS, alerts: [] },
      [],
    ],
    ['in our own member', { x: { relatedIps: [TICKS] } }, []],
  ])('%s', (_, payload, asked) => {
    expect([...outcome(payload).asked].sort()).toEqual([...asked].sort());
  });

  const graph = { id: TICKS, serviceSource: 'microsoftDefenderForEndpoint' };
  test.each<[string, unknown, readonly string[]]>([
    ['beside the alert: into the alert', { parameter: { alert_id: TICKS }, data: [graph] }, ['data/0']],
    ['around the alert: into the alert', { alert_id: TICKS, alert: graph }, ['alert']],
    ['around a part of it: into the outer', { id: TICKS, details: { id: TICKS } }, ['']],
    ['before a part of it: into the outer', { details: { id: TICKS }, id: TICKS }, ['']],
    ['in two places: into both', { a: { id: TICKS }, b: { id: TICKS } }, ['a', 'b']],
    ['as itself in two places: into both', { a: graph, b: { c: graph } }, ['a', 'b/c']],
    ['in two elements: into both', [graph, { x: { id: TICKS } }], ['0', '1/x']],
    ['in a raw copy beside the alert', { alert: graph, _raw: JSON.stringify(graph) }, ['alert']],
    ['in a raw copy alone: beside the copy', { a: { full_log: JSON.stringify(graph) } }, ['a']],
    ['in an event’s copy alone: into the document', { event: { original: JSON.stringify(graph) } }, ['']],
    ['in a copy of what also stands beside it', { a: { id: TICKS, raw: JSON.stringify(graph) } }, ['a']],
    [
      'in a copy below a document with an id',
      { a: { alert_id: TICKS, b: { raw: JSON.stringify(graph) } } },
      ['a/b'],
    ],
    ['in an incident whose list holds no alert', { incidentName: 'x', alerts: [0], tags: [TICKS] }, ['']],
    ['in Base64: beside the text', { x: { '$content-type': 'a', $content: base64([graph]) } }, ['x']],
  ])('%s', (_, payload, places) => {
    const attached = references(payload).flatMap((one) =>
      one.kind === 'endpoint' && one.attachTo ? [one.attachTo.join('/')] : [],
    );
    expect([...new Set(attached)]).toEqual(places);
  });
});
