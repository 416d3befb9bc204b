import type { SettingProblem } from '../base/setting-reader.js';

/** The app registration in whose name the app asks on behalf of users. */
export interface Registration {
  readonly clientId: string;
  readonly tenantId: string;
  /** `https://login.microsoftonline.com` or a national cloud's. */
  readonly authorityHost: string;
}

/** How the app proves, without a secret, that it is that app registration. */
export interface DelegationSettings extends Registration {
  /** What the managed identity's token has to be for, to pass as the registration's credential. */
  readonly exchangeAudience: string;
}

/**
 * What is missing for asking on behalf of users, once one of its settings is there. Pure.
 * Only a user-assigned identity can be a federated credential of an app registration.
 */
export function delegationProblems(
  valueOfSetting: (setting: string) => string | undefined,
): SettingProblem[] {
  const client = valueOfSetting('DELEGATED_CLIENT_ID');
  const tenant = valueOfSetting('DELEGATED_TENANT_ID');
  if (!client && !tenant) return [];
  if (!client) {
    return [
      { setting: 'DELEGATED_CLIENT_ID', message: 'is missing: DELEGATED_TENANT_ID alone does nothing' },
    ];
  }
  const problems: SettingProblem[] = [];
  if (!tenant) {
    const message = 'is missing: DELEGATED_CLIENT_ID needs the id of the tenant of that app registration';
    problems.push({ setting: 'DELEGATED_TENANT_ID', message });
  }
  if (!valueOfSetting('AZURE_CLIENT_ID')) {
    const message =
      'needs AZURE_CLIENT_ID: only a user-assigned identity can be the credential of an app registration';
    problems.push({ setting: 'DELEGATED_CLIENT_ID', message, remedy: { set: 'AZURE_CLIENT_ID' } });
  }
  if (valueOfSetting('LOCAL_CREDENTIALS')) {
    const message =
      'needs the managed identity, whose token proves that this app is the registration: remove LOCAL_CREDENTIALS';
    problems.push({ setting: 'DELEGATED_CLIENT_ID', message, remedy: { remove: 'LOCAL_CREDENTIALS' } });
  }
  return problems;
}
