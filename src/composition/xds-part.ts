import { hostname } from 'node:os';
import { formatAddress } from '../config/parse-value.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { xdsServerOptions } from '../config/xds-server-options.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { transportTap } from '../observability/transport-tap.ts';
import type { Clock } from '../platform/clock.ts';
import { readDescriptorImage } from '../platform/descriptor-image.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Publisher } from '../publishing/publisher.ts';
import type { SnapshotSource } from '../store/snapshot-source.ts';
import type { WatchPaths } from '../tls/server-tls.ts';
import { ClientStatusService } from '../transport/client-status-service.ts';
import { XdsServer } from '../transport/grpc-server.ts';
import { containerMemoryLimit, LoadMonitor, processLoad } from '../transport/load-monitor.ts';
import type { ServedVersions } from '../transport/served-versions.ts';

export interface XdsParts {
  readonly source: SnapshotSource;
  readonly served: ServedVersions;
  readonly publisher: Publisher;
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly watch: WatchPaths;
}

/** The xDS port with the monitor of the load that guards it. */
export interface XdsPart {
  readonly pushQueueDepth: () => number;
  /** Resolves with `host:port` once it is bound. @throws what `XdsServer.start` throws. */
  readonly start: () => Promise<string>;
  /** Ends all streams, spread over the time that the settings say. */
  readonly stop: () => Promise<void>;
}

export function xdsPartOf(settings: ServeSettings, parts: XdsParts): XdsPart {
  const { source, served, publisher, fleet, clock, watch } = parts;
  const observe = transportTap(parts);
  const maxMemoryBytes = settings.maxMemoryBytes ?? containerMemoryLimit();
  const load = new LoadMonitor(
    { clock, observe, sample: processLoad() },
    { maxMemoryBytes, maxLagMs: settings.maxLagMs },
  );
  const xds = new XdsServer(
    {
      source,
      served,
      overload: () => load.overload,
      stages: (node, from, to) => publisher.stagesFor(node, from, to),
      clock,
      observe,
      random: Math.random,
      loadDescriptors: readDescriptorImage,
      services: [new ClientStatusService(() => fleet.nodes())],
      watch,
    },
    xdsServerOptions(settings, hostname()),
  );
  return {
    pushQueueDepth: () => xds.pushQueueDepth,
    start: async () => {
      const address = await xds.start(formatAddress(settings.xdsAddress));
      load.start();
      return address;
    },
    stop: async () => {
      load[Symbol.dispose]();
      await xds.drain(settings.drainSpreadMs);
    },
  };
}
