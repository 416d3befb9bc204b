import { readFileSync } from 'node:fs';
import { queueSettings } from '../../local/host/host-json.js';

/** How the host that is deployed reads queues. */
export const HOST_QUEUES = queueSettings(JSON.parse(readFileSync('host.json', 'utf8')));
