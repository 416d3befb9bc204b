import { isAnyAlertId } from '../../alert-id.js';
import { addressesIn } from '../addresses.js';
import { isObject, items, member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * Splunk SOAR's container with its artifacts, or one artifact. Apps put the whole alert into an
 * artifact's `cef`; ids of containers and artifacts themselves are numbers.
 * https://docs.splunk.com/Documentation/SOARonprem (REST container, REST artifact)
 */
export const splunkSoar: Shape = {
  name: 'splunk-soar',
  title: 'Splunk SOAR container or artifact',
  where: '`artifacts[].cef.id`, `.alertId`, `.providerAlertId`, then `source_data_identifier`',
  telltales: ['cef', 'artifacts', 'source_data_identifier'],
  find: (payload) => {
    if (isArtifact(payload)) return [artifactCandidate(payload, [])];
    const artifacts = items(member(payload, 'artifacts'));
    const isContainer = typeof member(payload, 'source_data_identifier') === 'string';
    if (!isContainer && !artifacts.some(isArtifact)) return undefined;
    return containerCandidates(payload, artifacts);
  },
};

function isArtifact(value: unknown): boolean {
  return (
    isObject(member(value, 'cef')) &&
    (member(value, 'source_data_identifier') !== undefined || member(value, 'container_id') !== undefined)
  );
}

/** The artifacts that are alerts; where none is, the container stands for the alert. */
function* containerCandidates(container: unknown, artifacts: readonly unknown[]): Generator<Candidate> {
  let count = 0;
  const ips: unknown[] = [];
  for (const [index, artifact] of artifacts.entries()) {
    const candidate = artifactCandidate(artifact, ['artifacts', index]);
    if (candidate.ids.some(isAnyAlertId)) {
      count++;
      yield candidate;
    } else {
      for (const ip of candidate.ips ?? []) ips.push(ip);
    }
  }
  if (count === 0) yield objectCandidate([], { ids: [member(container, 'source_data_identifier')], ips });
}

function artifactCandidate(artifact: unknown, path: Path): Candidate {
  const cef = member(artifact, 'cef');
  return objectCandidate([...path, ...(isObject(cef) ? ['cef'] : [])], {
    ids: [
      member(cef, 'id'),
      member(cef, 'alertId'),
      member(cef, 'providerAlertId'),
      member(artifact, 'source_data_identifier'),
    ],
    links: [member(cef, 'alertWebUrl')],
    products: [member(cef, 'serviceSource')],
    ips: [
      ...addressesIn(member(cef, 'evidence')),
      member(cef, 'sourceAddress'),
      member(cef, 'destinationAddress'),
    ],
  });
}
