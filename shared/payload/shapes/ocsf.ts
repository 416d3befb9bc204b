import { each } from '../addresses.js';
import { inside, items, member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/** `type_id` of an observable that is an address: https://schema.ocsf.io/objects/observable */
const IP_ADDRESS = 2;

/**
 * Members that hold the finding: of the classes since OCSF 1.1, and of class 2001 (Security Finding) before.
 */
const FINDINGS = ['finding_info', 'finding'];

/** An OCSF finding: https://schema.ocsf.io/classes/detection_finding; `metadata.uid` is the event's id. */
export const ocsf: Shape = {
  name: 'ocsf-finding',
  title: 'OCSF finding',
  where:
    '`finding_info.uid`, `finding_info.src_url`, of old ones `finding.uid`; product from `metadata.product.name`; never `metadata.uid`',
  seen: 'Amazon Security Lake, and SIEMs that keep OCSF',
  telltales: ['class_uid'],
  never: ['metadata'],
  find: (payload) => {
    const finding = FINDINGS.map((name) => member(payload, name)).find((value) => value !== undefined);
    if (typeof member(payload, 'class_uid') !== 'number' || finding === undefined) return undefined;
    return [
      objectCandidate([], {
        ids: [member(finding, 'uid')],
        links: [member(finding, 'src_url')],
        products: [
          inside(payload, 'metadata', 'product', 'feature', 'name'),
          inside(payload, 'metadata', 'product', 'name'),
        ],
        ips: each(observedAddresses(payload), evidenceAddresses(payload)),
      }),
    ];
  },
};

function* observedAddresses(payload: unknown): Generator<unknown> {
  for (const observable of items(member(payload, 'observables'))) {
    if (member(observable, 'type_id') === IP_ADDRESS) yield member(observable, 'value');
  }
}

function* evidenceAddresses(payload: unknown): Generator<unknown> {
  for (const evidence of items(member(payload, 'evidences'))) {
    yield inside(evidence, 'src_endpoint', 'ip');
    yield inside(evidence, 'dst_endpoint', 'ip');
  }
}
