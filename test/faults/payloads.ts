import { KNOWN_ALERT, KNOWN_IPS } from '../../local/defender/alerts.js';
import { PAYLOAD_CANARY } from '../support/world.js';

/** An alert with a text in it that nothing but the answer's own `alert` may show. */
export const ALERT = {
  id: KNOWN_ALERT,
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  detectionSource: 'WindowsDefenderAtp',
  title: PAYLOAD_CANARY,
};

/** What Defender knows of it. */
export const IPS = KNOWN_IPS;

/** The path it is asked for. */
export const PATH = `/api/alerts/${KNOWN_ALERT}/ips`;
