import { CLOUD_NAMES } from '../../defender/clouds.js';
import { audienceFinding } from '../../defender/findings.js';
import { type Check, isDefenderAsked } from '../check.js';
import { removeSetting, setSetting } from '../commands.js';

/** Whether tokens are for the API that is asked. */
export const audience: Check = {
  name: 'audience',
  async examine({ app, token }) {
    const look = await token;
    if (!look.ok || !isDefenderAsked(app)) return [];
    const { isRight, sentence } = audienceFinding(look.claims, app.settings.cloud.audience);
    if (isRight) return [{ status: 'ok', found: sentence }];
    const fix = `${setSetting('DEFENDER_CLOUD', 'CLOUD')} && ${removeSetting('DEFENDER_AUDIENCE')} (CLOUD: ${CLOUD_NAMES.join(', ')})`;
    return [{ status: isRight === undefined ? 'warn' : 'fail', found: sentence, fix }];
  },
};
