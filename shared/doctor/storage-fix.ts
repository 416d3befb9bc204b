import { StorageError } from '../base/errors.js';
import type { StateStorage } from '../storage/connection.js';
import { assignRole, setClientId, setSetting, withNote } from './commands.js';

/**
 * What fixes a storage account that could not be used.
 * @param role what an identity needs for what was tried
 */
export function storageFix(error: unknown, storage: StateStorage, role: string): string {
  if (storage.kind === 'memory') throw new TypeError('memory needs no account');
  const { kind, connection } = storage;
  switch (error instanceof StorageError ? error.trouble : 'other') {
    case 'unreachable':
      return `Check the account's name or address in ${connection}, its firewall and private endpoint, and the outbound rules of this app's network. On your own machine: start Azurite.`;
    case 'unknown-name':
      return `Correct the account's name in ${connection}, or the address there. If it is right, the account was deleted, or its private DNS zone is not linked to this app's virtual network.`;
    case 'untrusted':
      return `Check that ${connection} names the account's own host; if a proxy opens TLS on the way, trust its authority: NODE_EXTRA_CA_CERTS=PATH_OF_A_PEM_FILE in the settings of the function app.`;
    case 'slow':
      return "Ask again. If it stays, the account's firewall or private endpoint, or this app's outbound rules, drop the connection.";
    case 'no-token':
      return setClientId(`${connection}__clientId`);
    case 'refused':
      return kind === 'identity' ? assignRole(role) : setSetting(connection, CONNECTION_STRING);
    case 'other':
      return withNote(
        setSetting('STATE_STORAGE', 'NAME_OF_A_CONNECTION'),
        `if it stays: check the connection ${connection}, or name another one by this`,
      );
  }
}

const CONNECTION_STRING =
  '$(az storage account show-connection-string -g RESOURCE_GROUP -n ACCOUNT --query connectionString -o tsv)';

/**
 * Whether the check of the storage account reports this error already. An identity has one role for blobs and
 * another for queues, so a refusal is not the same trouble there.
 */
export function isSameTrouble(
  error: unknown,
  reported: StorageError | undefined,
  { kind }: StateStorage,
): boolean {
  if (!(error instanceof StorageError) || error.trouble !== reported?.trouble) return false;
  return error.trouble !== 'refused' || kind === 'connection-string';
}
