import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { expect } from 'chai';
import { DescriptorIndex } from '../../src/transport/descriptor-index.ts';

const index = new DescriptorIndex(readFileSync(new URL('../../src/gen/descriptors.binpb', import.meta.url)));

function namesOf(files: Uint8Array[] | undefined): string[] {
  return (files ?? []).map(bytes => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

describe('DescriptorIndex', () => {
  it('finds a file with all that it imports, itself first and each once', () => {
    const names = namesOf(index.file('envoy/service/discovery/v3/ads.proto'));
    expect(names[0]).to.equal('envoy/service/discovery/v3/ads.proto');
    expect(names).to.include('envoy/config/core/v3/base.proto');
    expect(new Set(names).size).to.equal(names.length);
  });

  for (const symbol of [
    'envoy.config.cluster.v3.Cluster',
    'envoy.config.cluster.v3.Cluster.DiscoveryType',
    'envoy.config.cluster.v3.Cluster.EdsClusterConfig',
    'envoy.config.cluster.v3.Cluster.connect_timeout',
  ]) {
    it(`finds ${symbol}`, () => {
      expect(namesOf(index.fileOfSymbol(symbol))[0]).to.equal('envoy/config/cluster/v3/cluster.proto');
    });
  }

  it('finds extensions by what they extend', () => {
    expect(index.extensionNumbers('google.protobuf.FieldOptions')).to.include(1071);
    expect(namesOf(index.fileOfExtension('google.protobuf.FieldOptions', 1071))[0]).to.equal(
      'validate/validate.proto',
    );
    expect(index.extensionNumbers('envoy.config.cluster.v3.Cluster')).to.deep.equal([]);
  });

  it('does not know what it does not have', () => {
    expect(index.file('no.proto')).to.equal(undefined);
    expect(index.fileOfSymbol('no.Symbol')).to.equal(undefined);
    expect(index.fileOfExtension('no.Symbol', 1)).to.equal(undefined);
    expect(index.extensionNumbers('no.Symbol')).to.equal(undefined);
  });
});
