import type { Startup } from '../../app/app.js';
import type { SettingProblem } from '../../base/setting-reader.js';
import type { Observation } from '../check.js';
import { removeSetting, setJsonSetting, setSetting } from '../commands.js';

/** The settings: one observation for each that is wrong. Without usable ones nothing else can be looked at. */
export function examineSettings(startup: Startup): readonly Observation[] {
  if (!startup.ok) {
    return startup.problems.map((problem) => ({
      status: 'fail',
      found: `${problem.setting} ${problem.message}.`,
      fix: fixOf(problem),
    }));
  }
  const { cloud, sources, graph } = startup.app.settings;
  const { apiHost, audience, authorityHost } = cloud;
  const asked = {
    defender: `Defender is asked at ${apiHost}, with tokens for ${audience}`,
    graph: `Microsoft Graph is asked at ${graph.apiHost}, with tokens for ${graph.audience}`,
  };
  return [
    {
      status: 'ok',
      found: `All are usable. ${sources.map((name) => asked[name]).join('; ')}; users sign in at ${authorityHost}.`,
    },
  ];
}

/** The command that fixes a wrong setting. */
export function fixOf({ setting, remedy = { set: setting } }: SettingProblem): string {
  const { set, remove } = remedy;
  if (set === 'FORWARD_DESTINATIONS') return setJsonSetting(set);
  return [set && setSetting(set, 'VALUE'), remove && removeSetting(remove)].filter(Boolean).join(' && ');
}
