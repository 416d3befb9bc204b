/**
 * Loads the storage libraries one after the other. Under Jest the app's import of the one and the local
 * host's of the other, at the same moment, fail: its linker of ES modules does not wait for what they share.
 */
export async function loadStorageLibraries(): Promise<void> {
  await import('@azure/storage-blob');
  await import('@azure/storage-queue');
}
