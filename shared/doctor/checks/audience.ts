import { audienceFinding } from '../../defender/findings.js';
import { type Check, isDefenderAsked } from '../check.js';
import { SET_CLOUD } from '../commands.js';

/** Whether tokens are for Defender's API. */
export const audience: Check = {
  name: 'audience',
  async examine({ app, token }) {
    const look = await token;
    if (!look.ok || !isDefenderAsked(app)) return [];
    const { isRight, sentence } = audienceFinding(look.claims, app.settings.cloud.audience);
    if (isRight) return [{ status: 'ok', found: sentence }];
    return [{ status: isRight === undefined ? 'warn' : 'fail', found: sentence, fix: SET_CLOUD }];
  },
};
