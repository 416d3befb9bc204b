import { hasSome, isObject, items, type JsonTexts, member } from '../json.js';
import type { Path } from '../path.js';
import { rowFacts, rowOfObject } from '../rows.js';
import { type Candidate, type Candidates, eachOf, objectCandidate, type Shape } from '../shape.js';

/**
 * What Defender XDR's streaming API exports: records of many tables, of which `AlertInfo` and
 * `AlertEvidence` repeat one alert's id: https://learn.microsoft.com/defender-xdr/streaming-api-event-hub
 * Forwarders post the batch or each record by itself.
 */
export const xdrStreaming: Shape = {
  name: 'xdr-streaming',
  title: 'Defender XDR streaming export, or one record of it',
  where: '`records[].properties.AlertId` where `category` is `AdvancedHunting-…Alert…`',
  seen: 'Event Hubs and storage that the streaming API writes to, and forwarders of single records',
  instead: 'Export the tables AlertInfo and AlertEvidence, and post their records.',
  telltales: ['records', 'category'],
  find: (payload, texts) => {
    if (isExported(payload)) return candidatesIn(payload, [], texts);
    const records = items(member(payload, 'records'));
    if (!hasSome(records, isExported)) return undefined;
    return recordsIn(records, texts);
  },
};

function* recordsIn(records: readonly unknown[], texts: JsonTexts): Generator<Candidate | undefined> {
  for (const [index, record] of records.entries()) yield* candidatesIn(record, ['records', index], texts);
}

function candidatesIn(record: unknown, path: Path, texts: JsonTexts): Candidates {
  if (!isExported(record) || !IS_OF_ALERTS.test(String(member(record, 'category')))) return [];
  return eachOf([member(record, 'properties')], (properties) => {
    const facts = isObject(properties) ? rowFacts(rowOfObject(properties), texts) : undefined;
    return facts && objectCandidate([...path, 'properties'], facts);
  });
}

function isExported(record: unknown): boolean {
  const category = member(record, 'category');
  return (
    typeof category === 'string' &&
    /^AdvancedHunting-/i.test(category) &&
    isObject(member(record, 'properties'))
  );
}

/** `AlertInfo` and `AlertEvidence`; `DeviceAlertEvents` before them. */
const IS_OF_ALERTS = /^AdvancedHunting-\w*Alert/i;
