import { inside, items, member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/** `type_id` of an observable that is an address: https://schema.ocsf.io/objects/observable */
const IP_ADDRESS = 2;

/** An OCSF finding: https://schema.ocsf.io/classes/detection_finding; `metadata.uid` is the event's id. */
export const ocsf: Shape = {
  name: 'ocsf-finding',
  title: 'OCSF finding',
  where:
    '`finding_info.uid`, `finding_info.src_url`; product from `metadata.product.name`; never `metadata.uid`',
  telltales: ['class_uid'],
  find: (payload) => {
    const finding = member(payload, 'finding_info');
    if (typeof member(payload, 'class_uid') !== 'number' || finding === undefined) return undefined;
    return [
      objectCandidate([], {
        ids: [member(finding, 'uid')],
        links: [member(finding, 'src_url')],
        products: [
          inside(payload, 'metadata', 'product', 'feature', 'name'),
          inside(payload, 'metadata', 'product', 'name'),
        ],
        ips: [...observedAddresses(payload), ...evidenceAddresses(payload)],
      }),
    ];
  },
};

function observedAddresses(payload: unknown): unknown[] {
  return items(member(payload, 'observables'))
    .filter((observable) => member(observable, 'type_id') === IP_ADDRESS)
    .map((observable) => member(observable, 'value'));
}

function evidenceAddresses(payload: unknown): unknown[] {
  return items(member(payload, 'evidences')).flatMap((evidence) => [
    inside(evidence, 'src_endpoint', 'ip'),
    inside(evidence, 'dst_endpoint', 'ip'),
  ]);
}
