import { member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * A detection of Defender's old SIEM API, which gave bare lists of them:
 * https://learn.microsoft.com/defender-endpoint/api-portal-mapping
 */
export const mdeSiemExport: Shape = {
  name: 'mde-siem-export',
  title: "detection of Defender for Endpoint's old SIEM API",
  where: '`AlertId`, the part of `FullId` before the colon, `LinkToWDATP`, `LinkToMTP`',
  seen: 'Defender for Endpoint’s SIEM API, retired; stored detections',
  telltales: ['LinkToWDATP'],
  find: (payload) => {
    if (typeof member(payload, 'LinkToWDATP') !== 'string') return undefined;
    const fullId = member(payload, 'FullId');
    return [
      objectCandidate([], {
        ids: [member(payload, 'AlertId'), typeof fullId === 'string' ? fullId.split(':', 1)[0] : undefined],
        links: [member(payload, 'LinkToWDATP'), member(payload, 'LinkToMTP')],
        ips: [member(payload, 'IpAddress')],
      }),
    ];
  },
};
