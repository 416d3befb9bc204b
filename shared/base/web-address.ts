/** Whether an address is on this machine: 127/8, ::1, and localhost (RFC 6761, 6.3). */
export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether what goes there is for its host only: https, or http that does not leave this machine. */
export function isConfidential({ protocol, href }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(href));
}
