import type { Startup } from '../../app/app.js';
import type { Misspelling, SettingProblem } from '../../base/setting-reader.js';
import type { Observation } from '../check.js';
import { assignRole, removeSetting, setJsonSetting, setSetting } from '../commands.js';

/**
 * The settings: one observation for each that is wrong. Without usable ones nothing else can be looked at.
 */
export function examineSettings(startup: Startup): readonly Observation[] {
  if (!startup.ok) {
    return startup.problems.map((problem) => ({
      status: 'fail',
      found: `${problem.setting} ${problem.message}.`,
      fix: fixOf(problem),
    }));
  }
  const { cloud, sources, graph, misspelled } = startup.app.settings;
  const { apiHost, audience, authorityHost } = cloud;
  const asked = {
    defender: `Defender is asked at ${apiHost}, with tokens for ${audience}`,
    graph: `Microsoft Graph is asked at ${graph.apiHost}, with tokens for ${graph.audience}`,
  };
  const found = `All can be used. ${sources.map((name) => asked[name]).join('; ')}; users sign in at ${authorityHost}.`;
  return [{ status: 'ok', found }, ...misspelled.map(warn)];
}

function warn({ setting, meant }: Misspelling): Observation {
  return {
    status: 'warn',
    found: `${setting} is set and has no effect: this app has no such setting. Probably ${meant} is meant.`,
    fix: `${setSetting(meant, 'VALUE')} && ${removeSetting(setting)}`,
  };
}

/** The command that fixes a wrong setting. */
export function fixOf({ setting, remedy = { set: setting } }: SettingProblem): string {
  if (remedy.keyVault) return assignRole('Key Vault Secrets User', 'OBJECT_ID', 'KEY_VAULT_ID');
  const { set, remove } = remedy;
  if (set === 'FORWARD_DESTINATIONS') return setJsonSetting(set);
  return [set && setSetting(set, 'VALUE'), remove && removeSetting(remove)].filter(Boolean).join(' && ');
}
