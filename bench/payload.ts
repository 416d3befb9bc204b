import { parseJson } from '../shared/payload/json.js';
import { findAlerts } from '../shared/payload/references.js';
import { attachRelatedIps } from '../shared/payload/splice.js';
import { SAMPLES } from './fixtures/payloads.js';
import { inTurn, judged, type Row, ratio, times } from './measure.js';

const SIZES = [1, 100, 10_000];
const IPS = ['104.80.104.128', '23.203.232.228'];
const MOST_RATIO = 2.5;
/** Small payloads are run often enough for the clock to see them, and until the compiler has seen enough of them. */
const LEAST_CHARACTERS = 100_000;
const WARM_UP_CHARACTERS = 30_000_000;

/**
 * How fast recognising and attaching is, beside JSON.parse + JSON.stringify of the same text. For alerts in
 * a JSON string, JSON's side parses and writes the string's content too.
 */
export async function payloadRows(rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, text: make } of SAMPLES) {
    const json = name === 'string' ? parseAndStringifyTwice : parseAndStringify;
    const ratios: number[] = [];
    for (const size of SIZES) {
      const text = make(size);
      const { ours, theirs } = await inTurn(
        { ours: async () => time(recogniseAndAttach, text), theirs: async () => time(json, text) },
        rounds,
        Math.ceil(WARM_UP_CHARACTERS / Math.max(text.length, LEAST_CHARACTERS)),
      );
      ratios.push(ratio(ours, theirs));
    }
    rows.push(
      judged(
        `recognise and attach, ${name}: 1, 100 and 10,000 alerts`,
        ratios.map(times).join(', '),
        `≤ ${MOST_RATIO} × parse + stringify`,
        Math.max(...ratios) <= MOST_RATIO,
      ),
    );
  }
  return rows;
}

/** What the app does with a payload, without the lookups. */
function recogniseAndAttach(text: string): number {
  const references = findAlerts(parseJson(text));
  const attachments = references.flatMap((reference) =>
    reference.kind === 'endpoint' && reference.attachTo ? [{ path: reference.attachTo, ips: IPS }] : [],
  );
  return attachRelatedIps(text, attachments).length;
}

function parseAndStringify(text: string): number {
  return JSON.stringify(JSON.parse(text)).length;
}

/** The same through `{"Body":"…"}`. */
function parseAndStringifyTwice(text: string): number {
  const { Body } = JSON.parse(text) as { Body: string };
  return JSON.stringify({ Body: JSON.stringify(JSON.parse(Body)) }).length;
}

/** In ms. */
function time(work: (text: string) => number, text: string): number {
  const repeats = Math.max(1, Math.round(LEAST_CHARACTERS / text.length));
  const began = performance.now();
  let length = 0;
  for (let n = 0; n < repeats; n++) length += work(text);
  if (length === 0) throw new Error('nothing came out');
  return (performance.now() - began) / repeats;
}
