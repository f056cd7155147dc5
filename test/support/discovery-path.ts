import { DISCOVERY_METHODS, type DiscoveryMethod } from '../../src/transport/discovery-services.ts';

/** The path of a discovery method. @throws Error for one that does not exist. */
export function discoveryPath(
  service: DiscoveryMethod['service'],
  variant: DiscoveryMethod['variant'],
): string {
  const method = DISCOVERY_METHODS.find(entry => entry.service === service && entry.variant === variant);
  if (method === undefined) throw new Error(`no ${variant} method for ${service}`);
  return method.definition.path;
}
