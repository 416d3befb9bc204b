import { CLOUD_NAMES, type DefenderCloud } from '../defender/clouds.js';
import { APPLICATION_ROLE_ID, DEFENDER_APP_ID, DELEGATED_SCOPE_ID } from '../defender/findings.js';

/**
 * Commands of the Azure CLI that fix things. Names in capitals are for the reader to fill in. Each can be
 * pasted into bash and PowerShell as it is: what there is to say about it is a comment of the shell's.
 */

const APP = '-g RESOURCE_GROUP -n APP_NAME';

/**
 * Sets settings of the app. Each is in double quotes, which bash, PowerShell and cmd all read as one word:
 * a semicolon in a connection string would end the command.
 */
export function setSettings(values: Readonly<Record<string, string>>): string {
  const words = Object.entries(values).map(([setting, value]) => `"${setting}=${value}"`);
  return `az functionapp config appsettings set ${APP} --settings ${words.join(' ')}`;
}

/** Sets one setting of the app. */
export function setSetting(setting: string, value: string): string {
  return setSettings({ [setting]: value });
}

/**
 * Sets a setting whose value is JSON, whose own quotes no shell leaves alone: from a file. In quotes, because
 * PowerShell reads `@` by itself as something else.
 */
export function setJsonSetting(setting: string): string {
  return withNote(
    `az functionapp config appsettings set ${APP} --settings "@settings.json"`,
    `settings.json: {"${setting}": "VALUE"}, VALUE being the whole JSON as one text, with \\" for each quote in it`,
  );
}

/** A command, and what the reader has to know of it. */
export function withNote(command: string, note: string): string {
  return `${command}  # ${note}`;
}

/** Names the cloud that the app is for, and removes an audience that does not fit it. */
export const SET_CLOUD = withNote(
  `${setSetting('DEFENDER_CLOUD', 'CLOUD')} && ${removeSetting('DEFENDER_AUDIENCE')}`,
  `CLOUD: ${CLOUD_NAMES.join(', ')}`,
);

/** Takes a setting away from the app. */
export function removeSetting(setting: string): string {
  return `az functionapp config appsettings delete ${APP} --setting-names ${setting}`;
}

/** Gives the app an identity of its own. */
export const ASSIGN_SYSTEM_IDENTITY = `az functionapp identity assign ${APP}`;

/** Shows which identities the app has, with their ids. */
export const SHOW_IDENTITIES = `az functionapp identity show ${APP}`;

/** Names a user-assigned identity in a setting, by its client id. */
export function setClientId(setting: string): string {
  return withNote(setSetting(setting, 'CLIENT_ID'), `CLIENT_ID: the clientId that ${SHOW_IDENTITIES} prints`);
}

/** Starts the app anew, on another machine. */
export const RESTART = `az functionapp restart ${APP}`;

/** Gives the app's identity a role on its storage account, or on another resource. */
export function assignRole(role: string, objectId = 'OBJECT_ID', scope = 'STORAGE_ACCOUNT_ID'): string {
  const command =
    `az role assignment create --role "${role}" --assignee-object-id ${objectId} ` +
    `--assignee-principal-type ServicePrincipal --scope ${scope}`;
  if (objectId !== 'OBJECT_ID') return command;
  return withNote(
    command,
    `OBJECT_ID: the principalId that ${SHOW_IDENTITIES} prints; ${scope}: its resource id`,
  );
}

/** There is no button in the portal for granting an application permission to a managed identity. */
export function grantPermission(objectId: string, graphHost: string): string {
  return grantRole(objectId, graphHost, { appId: DEFENDER_APP_ID, roleId: APPLICATION_ROLE_ID });
}

/** Microsoft Graph's application id in every tenant. */
const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** The same for Graph's permission to read alerts, whose role id differs by cloud. */
export function grantGraphPermission(
  objectId: string,
  { graphHost, graphRoleId }: Pick<DefenderCloud, 'graphHost' | 'graphRoleId'>,
): string {
  return grantRole(objectId, graphHost, { appId: GRAPH_APP_ID, roleId: graphRoleId });
}

function grantRole(objectId: string, graphHost: string, api: { appId: string; roleId: string }): string {
  const body = `{\\"principalId\\":\\"${objectId}\\",\\"resourceId\\":\\"$(az ad sp show --id ${api.appId} --query id -o tsv)\\",\\"appRoleId\\":\\"${api.roleId}\\"}`;
  const url = `${graphHost}/v1.0/servicePrincipals/${objectId}/appRoleAssignments`;
  return `az rest --method POST --url "${url}" --body "${body}"`;
}

/** Gives an app registration the delegated permission, with the consent of the whole tenant. */
export function grantDelegated(clientId: string): string {
  return (
    `az ad app permission add --id ${clientId} --api ${DEFENDER_APP_ID} --api-permissions ${DELEGATED_SCOPE_ID}=Scope && ` +
    `az ad app permission admin-consent --id ${clientId}`
  );
}

/** Shows which identities an app registration accepts in the place of a secret. */
export function listFederated(clientId: string): string {
  return `az ad app federated-credential list --id ${clientId}`;
}
