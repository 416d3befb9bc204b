import { alertIdIn } from '../../base/alert-id.js';
import { addressesIn, each, eachOfAll } from '../addresses.js';
import { hasSome, isObject, items, member } from '../json.js';
import type { Path } from '../path.js';
import { productNamed } from '../products.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * Splunk SOAR's container with its artifacts, or one artifact. Apps put the whole alert into an
 * artifact's `cef`; ids of containers and artifacts themselves are numbers.
 * https://docs.splunk.com/Documentation/SOARonprem (REST container, REST artifact)
 */
export const splunkSoar: Shape = {
  name: 'splunk-soar',
  title: 'Splunk SOAR container or artifact',
  where:
    '`artifacts[].cef.id`, `.alertId`, `.providerAlertId`, `artifacts[].source_data_identifier`, ' +
    '`artifacts[].cef.alertWebUrl`, then the container’s `source_data_identifier`; product from `cef.serviceSource`',
  seen: 'Splunk SOAR (Phantom): containers and artifacts of its apps for Microsoft’s APIs',
  telltales: ['cef', 'artifacts', 'source_data_identifier'],
  find: (payload) => {
    if (isArtifact(payload)) return [artifactCandidate(payload, [])];
    const artifacts = items(member(payload, 'artifacts'));
    const isContainer = typeof member(payload, 'source_data_identifier') === 'string';
    if (!isContainer && !hasSome(artifacts, isArtifact)) return undefined;
    return containerCandidates(payload, artifacts);
  },
};

function isArtifact(value: unknown): boolean {
  return (
    isObject(member(value, 'cef')) &&
    (member(value, 'source_data_identifier') !== undefined || member(value, 'container_id') !== undefined)
  );
}

/** The artifacts that are alerts; where none has an alert's id, the container stands for the alert. */
function* containerCandidates(
  container: unknown,
  artifacts: readonly unknown[],
): Generator<Candidate | undefined> {
  const id = member(container, 'source_data_identifier');
  const containerHasId = alertIdIn(id) !== undefined;
  const ips: Iterable<unknown>[] = [];
  let alerts = 0;
  let withId = 0;
  for (const [index, artifact] of artifacts.entries()) {
    const candidate = artifactCandidate(artifact, ['artifacts', index]);
    const hasId = namesAnAlert(candidate);
    if (hasId || isWithoutId(candidate, containerHasId)) {
      alerts++;
      if (hasId) withId++;
      yield candidate;
    } else {
      ips.push(candidate.ips ?? []);
      yield undefined;
    }
  }
  if (alerts === 0 || (withId === 0 && containerHasId))
    yield objectCandidate([], { ids: [id], ips: eachOfAll(ips) });
}

function namesAnAlert({ ids, links = [] }: Candidate): boolean {
  return [...ids, ...links].some((id) => alertIdIn(id) !== undefined);
}

/**
 * Whether it is an alert without an id that is known here, of whatever product; not one of Defender for
 * Endpoint where the container has the id.
 */
function isWithoutId({ products = [] }: Candidate, containerHasId: boolean): boolean {
  const product = productNamed(products);
  return product !== undefined && !(containerHasId && product.kind === 'endpoint');
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
    ips: each(
      addressesIn(member(cef, 'evidence')),
      member(cef, 'sourceAddress'),
      member(cef, 'destinationAddress'),
    ),
  });
}
