import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { PAYLOAD_CANARY } from '../support/world.js';

/** An alert with a text in it that nothing but the answer's own `alert` may show. */
export const ALERT = {
  id: KNOWN_ALERT,
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  detectionSource: 'WindowsDefenderAtp',
  title: PAYLOAD_CANARY,
};

/** What Defender knows of it. */
export const IPS = ['104.80.104.128', '23.203.232.228'];

/** The path it is asked for. */
export const PATH = `/api/alerts/${KNOWN_ALERT}/ips`;

/** As many ids as wanted, all different, all known to the simulator. */
export const alertIds = (count: number, from = 1_000_000) =>
  Array.from({ length: count }, (_, n) => `da637472900382838869_${from + n}`);
