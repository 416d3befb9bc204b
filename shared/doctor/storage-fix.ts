import { StorageError } from '../base/errors.js';
import type { StateStorage } from '../storage/connection.js';
import { assignRole, SHOW_IDENTITIES, setSetting } from './commands.js';

/**
 * What mends a storage account that could not be used.
 * @param role what an identity needs for what was tried
 */
export function storageFix(error: unknown, storage: StateStorage, role: string): string {
  if (storage.kind === 'memory') throw new TypeError('memory needs no account');
  const { kind, connection } = storage;
  switch (error instanceof StorageError ? error.trouble : 'other') {
    case 'unreachable':
      return `Check the account's name or address in ${connection}, its firewall and private endpoint, and the way out of this app's network. On your own machine: start Azurite.`;
    case 'untrusted':
      return `Check that ${connection} names the account's own host; if a proxy opens TLS on the way, trust it: NODE_EXTRA_CA_CERTS=PATH_OF_A_PEM_FILE in the settings of the function app.`;
    case 'slow':
      return "Ask again. If it stays, the account's firewall or private endpoint, or this app's outbound rules, drop the connection.";
    case 'no-token':
      return `${SHOW_IDENTITIES}, then ${setSetting(`${connection}__clientId`, 'CLIENT_ID')} if it is a user-assigned one`;
    case 'refused':
      return kind === 'identity' ? assignRole(role) : setSetting(connection, CONNECTION_STRING);
    case 'other':
      return `Ask again. If it stays, check the connection ${connection}, or name another one: ${setSetting('STATE_STORAGE', 'NAME_OF_A_CONNECTION')}`;
  }
}

const CONNECTION_STRING =
  '$(az storage account show-connection-string -g RESOURCE_GROUP -n ACCOUNT --query connectionString -o tsv)';
