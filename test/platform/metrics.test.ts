import { expect } from 'chai';
import { METRIC_FAMILIES, type MetricFamily } from '../../src/platform/metric-families.ts';
import { Metrics } from '../../src/platform/metrics.ts';

const families: readonly MetricFamily[] = Object.values(METRIC_FAMILIES);

describe('metrics', () => {
  it('are exposed with help and type for every family', async () => {
    const { body, contentType } = await new Metrics().text();
    expect(contentType).to.match(/^text\/plain; version=0\.0\.4/);
    for (const family of families) {
      expect(body).to.contain(`# HELP authplane_${family.name} `);
      expect(body).to.contain(`# TYPE authplane_${family.name} ${family.type}`);
    }
  });

  it('follow the naming rules that promtool checks', () => {
    const names = families.map(family => family.name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, type, help, buckets } of families) {
      expect(name).to.match(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      expect(name, name).not.to.match(/_(count|sum|bucket|milliseconds|ms|kb|mb)$/);
      expect(help.endsWith('.'), name).to.equal(true);
      expect(buckets !== undefined, name).to.equal(type === 'histogram');
      if (type === 'histogram') expect(name).to.match(/_(seconds|bytes)$/);
    }
  });

  it('of the process are there, and follow the rules too', async () => {
    const { body } = await new Metrics({ processMetrics: true }).text();
    expect(body).to.contain('nodejs_eventloop_lag_p99_seconds');
    for (const [, name = '', type = ''] of body.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
    }
  });

  it('stay under 2000 series even when every label takes every value', () => {
    const series = families.reduce((sum, family) => {
      const combinations = Object.values(family.labels)
        .map(values => ('cap' in values ? 1 : values.length))
        .reduce((product, size) => product * size, 1);
      return sum + combinations * (family.buckets === undefined ? 1 : family.buckets.length + 3);
    }, 0);
    expect(series).to.be.lessThan(2000);
  });

  it('cap the values of an open label and fold the rest into other', async () => {
    const metrics = new Metrics();
    for (let group = 0; group < 60; group++) {
      metrics.observe('xdsConvergenceSeconds', { type: 'cds', group: `group-${group}` }, 0.2);
    }
    const { body } = await metrics.text();
    const counts = body
      .split('\n')
      .filter(line => line.startsWith('authplane_xds_convergence_seconds_count'));
    expect(counts).to.have.length(51);
    expect(counts).to.include('authplane_xds_convergence_seconds_count{type="cds",group="other"} 10');
  });

  it('replace the series of a gauge that is set anew, freeing its label values', async () => {
    const metrics = new Metrics();
    metrics.onScrape(() => {
      metrics.clear('snapshotInfo');
      metrics.set('snapshotInfo', { version_hash: 'second' }, 1);
    });
    metrics.set('snapshotInfo', { version_hash: 'first' }, 1);
    const { body } = await metrics.text();
    expect(body).to.contain('authplane_snapshot_info{version_hash="second"} 1');
    expect(body).not.to.contain('first');
    expect(body).not.to.contain('version_hash="other"');
  });

  it('keep registries apart', async () => {
    const one = new Metrics();
    const two = new Metrics();
    one.count('xdsNacks', { type: 'lds' });
    expect((await one.text()).body).to.contain('authplane_xds_nacks_total{type="lds"} 1');
    expect((await two.text()).body).not.to.contain('authplane_xds_nacks_total{type="lds"}');
  });
});
